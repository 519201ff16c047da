"""Publishes that survive the process and the power."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from m531x import _native
from m531x._errors import ArgumentTypeError

__all__ = ["Outbox", "OutboxStats", "StoredMessage"]


@dataclass(frozen=True)
class StoredMessage:
    """A message in the file of an `Outbox`.

    Attributes:
        id: Its place: a later message has a higher number.
        topic: Where to.
        payload: Any bytes.
        qos: 1 or 2.
        retain: Whether the broker keeps it for later subscribers.
        stored_at: When it was accepted, in seconds since 1970 (as `time.time`).
        set_aside: Why it is set aside; None while it waits to be sent.
    """

    id: int
    topic: str
    payload: bytes
    qos: int
    retain: bool
    stored_at: float
    set_aside: str | None


@dataclass(frozen=True)
class OutboxStats:
    """What an outbox holds, and what it has done since the modem was opened.

    Attributes:
        messages: Messages that wait to be acknowledged now.
        bytes: Bytes of the topics and payloads of all messages, those set aside included.
        set_aside: Messages set aside now: refused for good while others went through.
        stored: Messages accepted.
        sent: Messages acknowledged by the broker.
        dropped: Messages dropped to make room.
    """

    messages: int
    bytes: int
    set_aside: int
    stored: int
    sent: int
    dropped: int


@dataclass(frozen=True)
class Outbox:
    """Where and how publishes of QoS 1 and 2 are kept until the broker has acknowledged them.

    A publish is accepted once it is on the disk, connected or not; then it is sent, oldest first,
    by this process or a later one. It may arrive twice and is not lost.

    Attributes:
        path: The file, which is made if there is none. One modem at a time uses it.
        max_messages: How many messages may be kept.
        max_bytes: How many bytes their topics and payloads may have together.
        overflow: What becomes of a publish for which there is no room: ``"refuse"`` raises
            `OutboxFullError`, ``"drop_oldest"`` drops the oldest messages.
        in_flight: How many may be on their way at the same time, 1 to 32; 1 keeps their order.

    Example:
        >>> import os, tempfile, m531x
        >>> path = os.path.join(tempfile.mkdtemp(), "outbox.db")
        >>> with m531x.Modem("virtual://", outbox=m531x.Outbox(path)) as modem:
        ...     delivery = modem.publish_nowait("meters/17", "21.5", qos=1)  # not connected
        >>> [message.topic for message in m531x.Outbox(path).messages()]
        ['meters/17']
    """

    path: str | os.PathLike[str]
    max_messages: int = 100_000
    max_bytes: int = 64 << 20
    overflow: Literal["refuse", "drop_oldest"] = "refuse"
    in_flight: int = 1

    def messages(self) -> list[StoredMessage]:
        """The messages in the file, oldest first, those set aside included.

        No modem may have it open meanwhile.

        Raises:
            OutboxError: There is no such file, it is in use, damaged, or something else.

        Example:
            >>> import os, tempfile, m531x
            >>> path = os.path.join(tempfile.mkdtemp(), "outbox.db")
            >>> m531x.Modem("virtual://", outbox=path).close()
            >>> m531x.Outbox(path).messages()
            []
        """
        return [StoredMessage(*parts) for parts in _native.outbox_messages(self.path)]

    def clear(self) -> int:
        """Removes every message from the file and tells how many; they will never be sent.

        Raises:
            OutboxError: As for `messages`.

        Example:
            >>> import os, tempfile, m531x
            >>> path = os.path.join(tempfile.mkdtemp(), "outbox.db")
            >>> with m531x.Modem("virtual://", outbox=path) as modem:
            ...     delivery = modem.publish_nowait("meters/17", "21.5", qos=1)
            >>> m531x.Outbox(path).clear()
            1
        """
        return _native.outbox_clear(self.path)

    def retry(self) -> int:
        """Has what was set aside wait again, in its old place, and tells how many.

        Raises:
            OutboxError: As for `messages`.

        Example:
            >>> import os, tempfile, m531x
            >>> path = os.path.join(tempfile.mkdtemp(), "outbox.db")
            >>> m531x.Modem("virtual://", outbox=path).close()
            >>> m531x.Outbox(path).retry()
            0
        """
        return _native.outbox_retry(self.path)


def stats_of(numbers: tuple[int, int, int, int, int, int] | None) -> OutboxStats | None:
    """What the native module tells, in its order."""
    return None if numbers is None else OutboxStats(*numbers)


def parts(
    outbox: Outbox | str | os.PathLike[str] | None,
) -> tuple[str | os.PathLike[str], int, int, str, int] | None:
    """What the native module takes; None is none."""
    if outbox is None:
        return None
    if isinstance(outbox, (str, os.PathLike)):
        outbox = Outbox(outbox)
    if not isinstance(outbox, Outbox):
        raise ArgumentTypeError(
            f"outbox is {type(outbox).__name__}: give an Outbox, the path of its file, or None"
        )
    return (
        outbox.path,
        outbox.max_messages,
        outbox.max_bytes,
        outbox.overflow,
        outbox.in_flight,
    )
