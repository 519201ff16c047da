"""The publishes of a `Client`: how many are in flight, and which wait."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from m531x._delivery import Delivery
from m531x._errors import (
    ClosedError,
    InvalidArgumentError,
    M531xError,
    OperationCancelledError,
)
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
    @property
    def connected_modem(self) -> Modem | None: ...
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
            modem = self._connection.connected_modem
            wait = outgoing.qos > 0 and (self._held or not self._settings.has_room(self._in_flight))
            if modem is None or wait:
                outgoing.info._note(MQTT_ERR_NO_CONN if modem is None else MQTT_ERR_SUCCESS)
                if outgoing.qos:
                    self._held.append(outgoing)
                return
            self._in_flight += outgoing.qos > 0
        self._send_now(modem, outgoing)

    def _send_now(self, modem: Modem, outgoing: Outgoing) -> None:
        """Sends on this connection, which another thread may end at any moment."""
        outgoing.info._note(MQTT_ERR_SUCCESS)
        try:
            delivery = modem.publish_nowait(
                outgoing.topic, outgoing.payload, outgoing.qos, outgoing.retain
            )
            delivery.add_done_callback(lambda delivery: self._ended(modem, outgoing, delivery))
        except M531xError as error:
            self._not_sent(modem, outgoing, error)

    def send_held(self) -> None:
        """Sends what waits, as far as it may be in flight at a time."""
        while True:
            with self._lock:
                modem = self._connection.connected_modem
                room = self._settings.has_room(self._in_flight)
                if modem is None or not self._held or not room:
                    return
                outgoing = self._held.popleft()
                self._in_flight += 1
            self._send_now(modem, outgoing)

    def _ended(self, modem: Modem, outgoing: Outgoing, delivery: Delivery) -> None:
        try:
            delivery.wait(0)
        except M531xError as error:
            self._not_sent(modem, outgoing, error)
        else:
            with self._lock:
                self._in_flight -= outgoing.qos > 0
                self._unfinished -= outgoing.qos > 0
            outgoing.info._note_acknowledged(needs_loop=outgoing.qos > 0)
            self._reports.published(outgoing.info)
        if self._held and self._connection.connected:
            self._connection.post(self.send_held)

    def _not_sent(self, modem: Modem, outgoing: Outgoing, error: M531xError) -> None:
        """Keeps a publish of QoS 1 or 2 whose port was closed; any other one has failed."""
        with self._lock:
            self._in_flight -= outgoing.qos > 0
            left = modem is not self._connection.modem
        if not left and not isinstance(error, (ClosedError, OperationCancelledError)):
            self._failed(outgoing, error)
            return
        outgoing.info._note(MQTT_ERR_NO_CONN)
        if outgoing.qos:
            with self._lock:
                # Several end at once, and others may wait already.
                held = [outgoing, *self._held]
                self._held = deque(sorted(held, key=lambda each: each.info.mid))

    def _failed(self, outgoing: Outgoing, error: M531xError) -> None:
        with self._lock:
            self._unfinished -= outgoing.qos > 0
        text = f"the publish {outgoing.info.mid} to {outgoing.topic!r} failed: {error}"
        self._reports.log(MQTT_LOG_ERR, text)
        wrong = isinstance(error, InvalidArgumentError)
        outgoing.info._note(MQTT_ERR_PAYLOAD_SIZE if wrong else MQTT_ERR_UNKNOWN, str(error))
