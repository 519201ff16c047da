"""Publishes of a `Client`: their payloads, and how far they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from m531x._errors import ArgumentTypeError, InvalidArgumentError
from m531x._half_built import shows_half_built
from m531x.paho._queue import LoopQueue
from m531x.paho._values import (
    MQTT_ERR_QUEUE_SIZE,
    MQTT_ERR_SUCCESS,
    MQTTErrorCode,
    error_string,
)

__all__ = ["MQTTMessageInfo", "Outgoing", "PahoPayload", "check_qos", "checked_topic", "encoded"]

PahoPayload = str | bytes | bytearray | int | float | None
"""A payload as paho takes it: text as UTF-8, numbers as their text, None as no bytes."""


def encoded(payload: PahoPayload) -> bytes:
    """The bytes of a payload.

    Raises:
        ArgumentTypeError: It is of another type.
    """
    if payload is None:
        return b""
    if isinstance(payload, str):
        return payload.encode()
    if isinstance(payload, (bytes, bytearray)):
        return bytes(payload)
    if isinstance(payload, (int, float)):
        return str(payload).encode("ascii")
    raise ArgumentTypeError(
        f"payload is {type(payload).__name__}: give str, bytes, bytearray, int, float or None"
    )


def checked_topic(topic: object) -> str:
    """The topic to publish to.

    Raises:
        InvalidArgumentError: It is no text, empty, or has wildcards.
    """
    if not isinstance(topic, str) or not topic:
        raise InvalidArgumentError(f"topic is {topic!r}: give a text that is not empty")
    if "+" in topic or "#" in topic:
        raise InvalidArgumentError(f"topic is {topic!r}: a publish takes no wildcards")
    return topic


def check_qos(qos: object) -> None:
    """Refuses a QoS that does not exist.

    Raises:
        InvalidArgumentError: It is not 0, 1 or 2.
    """
    if qos not in (0, 1, 2):
        raise InvalidArgumentError(f"qos is {qos!r}: give 0, 1 or 2")


@shows_half_built
class MQTTMessageInfo:
    """How far a publish is; it is also the pair ``(rc, mid)``.

    Attributes:
        mid: The number of the publish, as ``on_publish`` gets it; not the packet id.
    """

    def __init__(self, mid: int, queue: LoopQueue) -> None:
        """`Client.publish` makes it; ``on_publish`` waits in this queue for the loop."""
        self.mid: int = mid
        self._queue = queue
        self._rc = MQTT_ERR_SUCCESS
        self._reason: str | None = None
        self._acknowledged = False
        self._needs_loop = False
        self._published = False
        self._condition = threading.Condition()

    @property
    def rc(self) -> MQTTErrorCode:
        """Success as long as nothing is wrong; MQTT_ERR_NO_CONN while it waits for a connection."""
        return self._rc

    def is_published(self) -> bool:
        """Whether it is done: accepted by the module (QoS 0), or acknowledged (QoS 1 and 2).

        As in paho, ``on_publish`` has returned by then, if the client has one.

        Raises:
            InvalidArgumentError: It was refused, because too many publishes wait.
            RuntimeError: It failed, or there is no connection.
        """
        with self._condition:
            self._check()
            return self._is_done()

    def wait_for_publish(self, timeout: float | None = None) -> None:
        """Waits until it is done; returns without an error when the time is over.

        As in paho, ``on_publish`` has returned by then, if the client has one, which for QoS 1 and
        2 takes a loop that runs. In a callback it does not wait for the loop, which stands still.

        Args:
            timeout: Seconds to wait; None waits until the end.

        Raises:
            InvalidArgumentError: It was refused, because too many publishes wait.
            RuntimeError: It failed, or there is no connection.
        """
        until = None if timeout is None else time.monotonic() + timeout
        with self._condition:
            while True:
                self._check()
                left = None if until is None else until - time.monotonic()
                if self._is_done() or (left is not None and left <= 0):
                    return
                # A wait without an end cannot be interrupted by Ctrl-C on Windows.
                self._condition.wait(1.0 if left is None else min(left, 1.0))

    def _check(self) -> None:
        if self._rc == MQTT_ERR_QUEUE_SIZE:
            raise InvalidArgumentError("the publish was refused: too many publishes wait")
        if self._rc != MQTT_ERR_SUCCESS:
            raise RuntimeError(f"the publish failed: {self._reason or error_string(self._rc)}")

    def _is_done(self) -> bool:
        if self._published or not self._acknowledged:
            return self._published
        loop = self._queue.taker
        return loop == threading.get_ident() or (loop is None and not self._needs_loop)

    def _note(self, rc: MQTTErrorCode, reason: str | None = None) -> None:
        """Notes how far it is, and wakes those who wait."""
        with self._condition:
            self._rc, self._reason = rc, reason
            self._condition.notify_all()

    def _note_acknowledged(self, *, needs_loop: bool) -> None:
        """Notes that only ``on_publish`` is left."""
        with self._condition:
            self._rc, self._acknowledged, self._needs_loop = MQTT_ERR_SUCCESS, True, needs_loop
            self._condition.notify_all()

    def _note_published(self) -> None:
        """Notes that it is done."""
        with self._condition:
            self._published = True
            self._condition.notify_all()

    def __iter__(self) -> Iterator[int]:
        """``rc`` and ``mid``."""
        return iter((self._rc, self.mid))

    def __getitem__(self, index: int) -> int:
        """``rc`` or ``mid``."""
        return (self._rc, self.mid)[index]

    def __repr__(self) -> str:
        """As the pair."""
        return repr((self._rc, self.mid))


@dataclass(frozen=True)
class Outgoing:
    """A publish on its way."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    info: MQTTMessageInfo
