"""What the modem reports, as calls for the loop of a `Client`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from m531x._native import Message
from m531x.paho._publishes import MQTTMessageInfo
from m531x.paho._queue import LoopQueue
from m531x.paho._values import (
    MQTT_LOG_DEBUG,
    ConnectFlags,
    Properties,
    ReasonCode,
)

__all__ = ["LoopReports"]


class _Loop(Protocol):
    """The client."""

    @property
    def on_publish(self) -> object: ...
    def _log(self, level: int, text: str) -> None: ...
    def _report(self, name: str, *arguments: object) -> None: ...
    def _call_safely(self, call: Callable[[], None]) -> None: ...
    def _on_message(self, message: Message) -> None: ...
    def _on_refused(self, reason: ReasonCode) -> None: ...
    def _on_lost(self) -> None: ...
    def _on_published(self, info: MQTTMessageInfo) -> None: ...
    def _on_left(self, was_connected: bool) -> None: ...


class LoopReports:
    """Appends the calls; any thread may call every method."""

    def __init__(self, client: _Loop, queue: LoopQueue) -> None:
        """Appends to this queue what this client does."""
        self._client = client
        self._queue = queue

    def log(self, level: int, text: str) -> None:
        """Logs at once."""
        self._client._log(level, text)

    def connecting(self) -> None:
        """Calls ``on_pre_connect`` at once, which may set the password."""
        self._client._call_safely(lambda: self._client._report("on_pre_connect"))

    def connected(self, session_present: bool) -> None:
        """Calls ``on_connect``."""
        flags = ConnectFlags(session_present)
        self._put("on_connect", flags, ReasonCode.of_connack(0), Properties())

    def refused(self, reason: ReasonCode) -> None:
        """Calls ``on_connect`` and ``on_disconnect``."""
        self._queue.put(lambda: self._client._on_refused(reason))

    def not_reached(self) -> None:
        """Calls ``on_connect_fail``."""
        self._put("on_connect_fail")

    def lost(self) -> None:
        """Calls ``on_disconnect``."""
        self._queue.put(self._client._on_lost)

    def left(self, was_connected: bool) -> None:
        """Calls ``on_disconnect`` if there was a connection, and ends the loop."""
        self._queue.put(lambda: self._client._on_left(was_connected))

    def message(self, message: Message) -> None:
        """Calls the callbacks for a message."""
        self._client._log(MQTT_LOG_DEBUG, f"message of {message.topic!r}")
        self._queue.put_message(lambda: self._client._on_message(message))

    def subscribed(self, mid: int, reasons: list[ReasonCode]) -> None:
        """Calls ``on_subscribe``."""
        self._put("on_subscribe", mid, reasons, Properties())

    def unsubscribed(self, mid: int) -> None:
        """Calls ``on_unsubscribe``."""
        reasons: list[ReasonCode] = []
        self._put("on_unsubscribe", mid, reasons, Properties())

    def published(self, info: MQTTMessageInfo) -> None:
        """Calls ``on_publish``, and then wakes those who wait for the publish."""
        if self._client.on_publish is None:
            info._note_published()
        else:
            self._queue.put(lambda: self._client._on_published(info))

    def _put(self, name: str, *arguments: object) -> None:
        self._queue.put(lambda: self._client._report(name, *arguments))
