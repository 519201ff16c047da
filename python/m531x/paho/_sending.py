"""The publishes of a `Client`: how many are in flight, and which wait."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from m531x._delivery import Delivery
from m531x._errors import InvalidArgumentError, M531xError, OperationCancelledError
from m531x._modem import Modem
from m531x.paho._publishes import Outgoing
from m531x.paho._reports import LoopReports
from m531x.paho._settings import Settings
from m531x.paho._values import (
    MQTT_ERR_NO_CONN,
    MQTT_ERR_PAYLOAD_SIZE,
    MQTT_ERR_QUEUE_SIZE,
    MQTT_ERR_SUCCESS,
    MQTT_ERR_UNKNOWN,
    MQTT_LOG_ERR,
)

__all__ = ["Sending"]


class _Connection(Protocol):
    """The connection that the publishes take."""

    @property
    def modem(self) -> Modem | None: ...
    @property
    def connected(self) -> bool: ...
    def post(self, job: Callable[[], None]) -> None: ...


class Sending:
    """Sends publishes in order, so many at a time; what is not done waits for a connection."""

    def __init__(
        self,
        settings: Settings,
        reports: LoopReports,
        connection: _Connection,
        lock: threading.Condition,
    ) -> None:
        """Takes the connection's lock, under which `connected` changes."""
        self._settings = settings
        self._reports = reports
        self._connection = connection
        self._lock = lock
        self._held: deque[Outgoing] = deque()
        self._in_flight = 0
        self._unfinished = 0

    def publish(self, outgoing: Outgoing) -> None:
        """Publishes, or keeps the publish for the next connection (QoS 1 and 2)."""
        most = self._settings.queued
        with self._lock:
            if outgoing.qos and most and self._unfinished >= most:
                outgoing.info._note(MQTT_ERR_QUEUE_SIZE)
                return
            if outgoing.qos:
                self._unfinished += 1
            if not self._connection.connected:
                outgoing.info._note(MQTT_ERR_NO_CONN)
                if outgoing.qos:
                    self._held.append(outgoing)
                return
        self._connection.post(lambda: self._send(outgoing))

    def _send(self, outgoing: Outgoing) -> None:
        with self._lock:
            connected = self._connection.connected
            wait = outgoing.qos > 0 and (self._in_flight >= self._settings.inflight or self._held)
            if not connected or wait:
                outgoing.info._note(MQTT_ERR_SUCCESS if connected else MQTT_ERR_NO_CONN)
                if outgoing.qos:
                    self._held.append(outgoing)
                return
        self._send_now(outgoing)

    def _send_now(self, outgoing: Outgoing) -> None:
        modem = self._connection.modem
        if modem is None:
            return
        outgoing.info._note(MQTT_ERR_SUCCESS)
        try:
            delivery = modem.publish_nowait(
                outgoing.topic, outgoing.payload, outgoing.qos, outgoing.retain
            )
        except M531xError as error:
            self._failed(outgoing, error)
            return
        if outgoing.qos:
            with self._lock:
                self._in_flight += 1
        delivery.add_done_callback(lambda delivery: self._ended(outgoing, delivery))

    def send_held(self) -> None:
        """Sends what waits, as far as it may be in flight at a time."""
        while True:
            with self._lock:
                room = self._in_flight < self._settings.inflight
                if not (self._connection.connected and self._held and room):
                    return
                outgoing = self._held.popleft()
            self._send_now(outgoing)

    def _ended(self, outgoing: Outgoing, delivery: Delivery) -> None:
        if outgoing.qos:
            with self._lock:
                self._in_flight -= 1
        try:
            delivery.wait(0)
        except M531xError as error:
            left = self._connection.modem is None or isinstance(error, OperationCancelledError)
            if left and outgoing.qos:
                outgoing.info._note(MQTT_ERR_NO_CONN)
                with self._lock:
                    # Several end at once, and others may wait already.
                    held = [outgoing, *self._held]
                    self._held = deque(sorted(held, key=lambda each: each.info.mid))
            else:
                self._failed(outgoing, error)
        else:
            with self._lock:
                self._unfinished -= outgoing.qos > 0
            outgoing.info._note(MQTT_ERR_SUCCESS, done=True)
            self._reports.published(outgoing.info)
        if self._held and self._connection.connected:
            self._connection.post(self.send_held)

    def _failed(self, outgoing: Outgoing, error: M531xError) -> None:
        with self._lock:
            self._unfinished -= outgoing.qos > 0
        text = f"the publish {outgoing.info.mid} to {outgoing.topic!r} failed: {error}"
        self._reports.log(MQTT_LOG_ERR, text)
        wrong = isinstance(error, InvalidArgumentError)
        outgoing.info._note(MQTT_ERR_PAYLOAD_SIZE if wrong else MQTT_ERR_UNKNOWN, str(error))
