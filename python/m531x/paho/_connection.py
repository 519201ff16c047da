"""The modem behind a `Client`, and the thread that works for it.

paho's methods return at once, and what they begin happens in the order of the calls. The methods of
`m531x.Modem` wait for the broker. So one thread calls them, one after the other; it runs as long as
the port is open, and each result goes to the loop.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

from m531x._callbacks import report_exception
from m531x._constants import EventKind
from m531x._errors import ConnectError, M531xError, SubscribeError
from m531x._modem import Modem
from m531x._native import Message
from m531x._types import Event, Recovery
from m531x.paho._publishes import Outgoing
from m531x.paho._queue import LoopQueue
from m531x.paho._reports import LoopReports
from m531x.paho._sending import Sending
from m531x.paho._settings import Settings
from m531x.paho._values import (
    MQTT_LOG_DEBUG,
    MQTT_LOG_ERR,
    MQTT_LOG_WARNING,
    ReasonCode,
)

__all__ = ["Connection"]

# The module waits for the broker's acknowledgements for less than the keep-alive.
_ACK_TIMEOUT_S = 10


class Connection:
    """One client's modem and its thread; any thread may call every public method."""

    def __init__(self, settings: Settings, reports: LoopReports, queue: LoopQueue) -> None:
        """Opens nothing yet."""
        self._settings = settings
        self._reports = reports
        self._queue = queue
        self._condition = threading.Condition()
        self._jobs: deque[Callable[[], None]] = deque()
        self._busy = False
        self._thread: threading.Thread | None = None
        self._modem: Modem | None = None
        # Of the modem that is open: an earlier one may still report, on a thread of its own.
        self._number = 0
        self._connected = False
        self._leaving = False
        self._retry_at: float | None = None
        self._failures = 0
        # Until the modem reports the connection that is being made, it may report the end of one
        # that the module had before.
        self._expected = False
        # Cleared while a connection is being made: what the modem reports then waits for its end.
        self._settled = threading.Event()
        self._settled.set()
        self._sending = Sending(settings, reports, self, self._condition)

    @property
    def modem(self) -> Modem | None:
        """The modem, while its port is open."""
        return self._modem

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the client."""
        return self._connected

    @property
    def connected_modem(self) -> Modem | None:
        """The modem, while the broker has accepted the client; take it under the lock."""
        return self._modem if self._connected else None

    @property
    def active(self) -> bool:
        """Whether anything may still happen."""
        with self._condition:
            waits = bool(self._jobs) or self._retry_at is not None
            return self._busy or waits or self._modem is not None

    # ---- what the client wants

    def connect(self) -> None:
        """Opens the port and connects.

        Returns when the broker has answered; its refusal is reported and raises nothing.

        Raises:
            M531xError: The port cannot be opened, or the broker was not reached.
        """
        done = threading.Event()
        errors: list[BaseException] = []
        self._leaving = False

        def job() -> None:
            try:
                self._connect()
            except BaseException as error:
                errors.append(error)
                self._close()
            done.set()

        self.post(job)
        try:
            # A wait without an end cannot be interrupted by Ctrl-C on Windows.
            while not done.wait(1.0):
                pass
        except BaseException:
            self._close()
            raise
        if errors:
            raise errors[0]

    def connect_later(self) -> None:
        """Connects again after the delay, which doubles with each failure."""
        least, most = self._settings.delay
        delay = min(least * 2.0 ** min(self._failures, 30), most)
        with self._condition:
            if self._leaving:
                return
            self._failures += 1
            self._retry_at = time.monotonic() + delay
            self._start()
            self._condition.notify_all()

    def disconnect(self) -> None:
        """Disconnects behind everything that was asked for earlier, and frees the port."""
        with self._condition:
            self._leaving = True
            self._retry_at = None
            connected = self._connected
        if not connected:
            # An attempt to connect may take a minute; nothing else is under way.
            self._close()
        self.post(self._disconnect)

    def publish(self, outgoing: Outgoing) -> None:
        """Publishes, or keeps the publish for the next connection (QoS 1 and 2)."""
        self._sending.publish(outgoing)

    def subscribe(self, mid: int, topics: list[tuple[str, int]]) -> None:
        """Subscribes to the filters; the module takes them one by one."""
        self.post(lambda: self._subscribe(mid, topics))

    def unsubscribe(self, mid: int, topics: list[str]) -> None:
        """Ends the subscriptions of the filters."""
        self.post(lambda: self._unsubscribe(mid, topics))

    # ---- the thread

    def post(self, job: Callable[[], None]) -> None:
        """Appends a job for the thread, and starts it if there is none."""
        with self._condition:
            self._jobs.append(job)
            self._start()
            self._condition.notify_all()

    def _start(self) -> None:
        if self._thread is None:
            condition = self._condition

            def forgotten(_: object) -> None:
                with condition:
                    condition.notify_all()

            # The thread keeps alive neither this nor the client, which its callbacks may refer to:
            # a client that the program forgets can be collected, which closes its modem.
            self._thread = threading.Thread(
                target=_run,
                args=(weakref.ref(self, forgotten), condition),
                name="m531x-paho",
                daemon=True,
            )
            self._thread.start()

    def _next_job(self) -> Callable[[], None] | None:
        """The next job, if one is due; ends the thread once the port is closed."""
        job: Callable[[], None] | None = None
        if self._jobs:
            job = self._jobs.popleft()
        elif self._left() == 0:
            self._retry_at = None
            job = self._connect_again
        self._busy = job is not None
        if job is None and self._retry_at is None and self._modem is None:
            self._thread = None
        return job

    def _left(self) -> float | None:
        """Seconds until it tries again; None if it need not."""
        return None if self._retry_at is None else max(0.0, self._retry_at - time.monotonic())

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            self._reports.log(MQTT_LOG_ERR, f"failed: {error}")

    # ---- jobs

    def _connect(self) -> None:
        settings = self._settings
        with self._condition:
            self._retry_at = None
            connected = self._connected
        if connected:
            # What the modem reports of this end, which is no loss, ends with the modem.
            self._leave()
        self._reports.connecting()
        self._settled.clear()
        self._expected = True
        try:
            modem, number = self._opened()
            if self._leaving:
                self._close()
                return
            text = f"connect to {settings.host}:{settings.broker_port} as {settings.client_id!r}"
            self._reports.log(MQTT_LOG_DEBUG, text)
            password = settings.password.reveal()
            session = modem.connect(
                settings.host,
                settings.broker_port,
                client_id=settings.client_id,
                username=settings.username,
                password=password,
                keepalive=settings.keepalive,
                clean_session=settings.clean_session,
                tls=settings.tls,
                will=settings.will,
                ack_timeout=_ack_timeout(settings.keepalive),
                connect_limit=settings.connect_limit,
                timeout=settings.connect_timeout,
            )
        except ConnectError as error:
            if error.return_code is None:
                raise
            reason = ReasonCode.of_connack(error.return_code)
            self._reports.log(MQTT_LOG_WARNING, f"the broker refused the connection: {reason}")
            self._reports.refused(reason)
            if not settings.reconnects:
                self._close()
        else:
            self._on_connected(number, bool(session.session_present))
        finally:
            self._settled.set()
            self._expected = self._expected and self._connected

    def _connect_again(self) -> None:
        try:
            self._connect()
        except BaseException as error:  # the password function may raise anything
            if not isinstance(error, M531xError):
                report_exception(error)
            if not self._leaving:
                self._reports.log(MQTT_LOG_WARNING, f"not connected: {error}")
                self._reports.not_reached()
                self.connect_later()

    def _opened(self) -> tuple[Modem, int]:
        """The modem and its number; opens it if it is not open."""
        with self._condition:
            if self._modem is not None:
                return self._modem, self._number
        settings = self._settings
        least, most = settings.delay
        recovery = Recovery(initial_delay=least, max_delay=most) if settings.reconnects else None
        options: dict[str, Any] = {"recovery": recovery, **settings.modem}
        modem = Modem(settings.port, **options)
        with self._condition:
            self._modem = modem
            self._number += 1
            number = self._number
        self._queue.open()
        modem.on_message = self._message
        modem.on_connect = lambda: self._came_back(number)
        modem.on_disconnect = lambda reason: self._lost(number, reason)
        modem.on_event = lambda event: self._event(number, event)
        return modem, number

    def _disconnect(self) -> None:
        was_connected = False
        try:
            was_connected = self._leave()
        finally:
            self._reports.left(was_connected)

    def _leave(self) -> bool:
        """Disconnects and frees the port; returns whether there was a connection."""
        with self._condition:
            modem = self.connected_modem
            self._connected = False
            self._retry_at = None
        try:
            if modem is not None:
                self._reports.log(MQTT_LOG_DEBUG, "disconnect")
                modem.disconnect()
        except M531xError as error:
            self._reports.log(MQTT_LOG_WARNING, f"disconnect: {error}")
        finally:
            self._close()
        return modem is not None

    def _close(self, number: int | None = None) -> None:
        """Frees the port, if it is still that of this number; QoS 1 and 2 wait for the next."""
        with self._condition:
            if number not in (None, self._number):
                return
            modem, self._modem = self._modem, None
            self._connected = False
            self._condition.notify_all()
        self._settled.set()
        self._queue.close()
        if modem is not None:
            modem.close()

    def _subscribe(self, mid: int, topics: list[tuple[str, int]]) -> None:
        reasons: list[ReasonCode] = []
        modem = self._modem
        for topic, qos in topics:
            granted = None
            try:
                if modem is not None:
                    granted = modem.subscribe(topic, qos).granted_qos
            except SubscribeError as error:
                self._reports.log(MQTT_LOG_WARNING, f"subscribe to {topic!r}: {error}")
            except M531xError as error:
                self._reports.log(MQTT_LOG_ERR, f"subscribe to {topic!r}: {error}")
            reasons.append(ReasonCode.of_suback(granted))
        self._reports.subscribed(mid, reasons)

    def _unsubscribe(self, mid: int, topics: list[str]) -> None:
        modem = self._modem
        for topic in topics:
            try:
                if modem is not None:
                    modem.unsubscribe(topic)
            except M531xError as error:
                self._reports.log(MQTT_LOG_ERR, f"unsubscribe from {topic!r}: {error}")
        self._reports.unsubscribed(mid)

    # ---- what the modem reports, on its own thread

    def _on_connected(self, number: int, session_present: bool) -> None:
        with self._condition:
            if self._connected or not self._is_open(number):
                return
            self._connected = True
            self._failures = 0
            self._reports.connected(session_present)
            self.post(self._sending.send_held)

    def _came_back(self, number: int) -> None:
        with self._condition:
            if not self._is_open(number):
                return
            expected, self._expected = self._expected, False
        if not expected and not self._leaving:
            self._on_connected(number, False)

    def _lost(self, number: int, reason: str) -> None:
        with self._condition:
            if self._expected or not self._is_open(number):
                return
        # It may be the connection that is just being made, and is reported by its own thread.
        self._settled.wait()
        with self._condition:
            if not self._connected or not self._is_open(number):
                return
            self._connected = False
            self._reports.lost()
            if not self._settings.reconnects:
                self.post(lambda: self._close(number))
        self._reports.log(MQTT_LOG_WARNING, f"disconnected: {reason}")

    def _event(self, number: int, event: Event) -> None:
        failed = event.kind == EventKind.RECOVERY_FAILED
        if failed and self._settings.reconnects and self._is_open(number):
            self.connect_later()

    def _is_open(self, number: int) -> bool:
        return self._modem is not None and number == self._number

    def _message(self, message: Message) -> None:
        self._settled.wait()
        self._reports.message(message)


def _run(reference: weakref.ref[Connection], condition: threading.Condition) -> None:
    """The thread: does the jobs until the port is closed, or the client forgotten."""
    while True:
        with condition:
            connection = reference()
            job = None if connection is None else connection._next_job()
            if connection is None or connection._thread is None:
                return
            if job is None:
                left = connection._left()
                # Nothing of the program's stays alive while the thread waits.
                del connection
                if reference() is not None:
                    condition.wait(left)
                continue
        connection._do(job)
        del connection, job


def _ack_timeout(keepalive: int) -> int:
    return _ACK_TIMEOUT_S if keepalive == 0 else max(1, min(_ACK_TIMEOUT_S, keepalive - 1))
