"""Publishes that survive the end of the process and a loss of power."""

from __future__ import annotations

import os
from dataclasses import dataclass

from m531x import _native
from m531x._constants import OutboxOverflow
from m531x._errors import ArgumentTypeError
from m531x._half_built import shows_half_built

__all__ = ["Outbox", "OutboxStats", "StoredMessage"]


@dataclass(frozen=True)
class StoredMessage:
    """A message in the file of an `Outbox`.

    Attributes:
        id: The place in the order; a later message has a higher number.
        topic: The topic.
        payload: Any bytes.
        qos: 1 or 2.
        retain: Whether the broker keeps it for later subscribers.
        stored_at: Time of acceptance, in seconds since 1970 (as `time.time`).
        set_aside: The reason for setting it aside; None while it waits to be sent.
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
    """The contents of an outbox, and its counters since the modem was opened.

    Attributes:
        messages: Messages that wait for their acknowledgement now.
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


@shows_half_built
@dataclass(frozen=True)
class Outbox:
    """Where and how publishes of QoS 1 and 2 are kept until the broker has acknowledged them.

    A publish is accepted once it is on the disk, connected or not; then it is sent, oldest first,
    by this process or a later one. It may arrive twice and is not lost.

    Attributes:
        path: The file; the modem creates it. One modem at a time can use it.
        max_messages: The largest number of messages.
        max_bytes: The largest total of the bytes of topics and payloads.
        overflow: The treatment of a publish if the outbox is full: ``"refuse"`` raises
            `OutboxFullError`, ``"drop_oldest"`` drops the oldest messages.
        in_flight: The number of publishes under way at a time, 1 to 32; 1 keeps their order.

    Examples:
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
    overflow: OutboxOverflow = "refuse"
    in_flight: int = 1

    def messages(self) -> list[StoredMessage]:
        """The messages in the file, oldest first, those set aside included.

        No modem may have the file open meanwhile.

        Raises:
            OutboxError: The file does not exist, is in use, damaged, or no outbox.

        Examples:
            >>> import os, tempfile, m531x
            >>> path = os.path.join(tempfile.mkdtemp(), "outbox.db")
            >>> m531x.Modem("virtual://", outbox=path).close()
            >>> m531x.Outbox(path).messages()
            []
        """
        return [StoredMessage(*parts) for parts in _native.outbox_messages(self.path)]

    def clear(self) -> int:
        """Removes every message from the file and returns their number; they are never sent.

        Raises:
            OutboxError: As for `messages`.

        Examples:
            >>> import os, tempfile, m531x
            >>> path = os.path.join(tempfile.mkdtemp(), "outbox.db")
            >>> with m531x.Modem("virtual://", outbox=path) as modem:
            ...     delivery = modem.publish_nowait("meters/17", "21.5", qos=1)
            >>> m531x.Outbox(path).clear()
            1
        """
        return _native.outbox_clear(self.path)

    def retry(self) -> int:
        """Puts messages that were set aside back in their places, and returns their number.

        Raises:
            OutboxError: As for `messages`.

        Examples:
            >>> import os, tempfile, m531x
            >>> path = os.path.join(tempfile.mkdtemp(), "outbox.db")
            >>> m531x.Modem("virtual://", outbox=path).close()
            >>> m531x.Outbox(path).retry()
            0
        """
        return _native.outbox_retry(self.path)


def stats_of(numbers: tuple[int, int, int, int, int, int] | None) -> OutboxStats | None:
    """The counters of the native module, by name."""
    return None if numbers is None else OutboxStats(*numbers)


def parts(
    outbox: Outbox | str | os.PathLike[str] | None,
) -> tuple[str | os.PathLike[str], int, int, str, int] | None:
    """The outbox as the native module takes it; None is none."""
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
