"""paho's client, with a module in place of the network."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, NoReturn

from m531x._callbacks import report_exception
from m531x._errors import InvalidArgumentError, M531xError
from m531x._half_built import shows_half_built
from m531x._modem import Modem
from m531x._native import Message, topic_matches
from m531x.paho._base import (
    NO_MANUAL_ACK,
    NO_SOCKET,
    ClientBase,
    check_no_properties,
    checked_filters,
    checked_pairs,
    refuse,
)
from m531x.paho._connection import Connection
from m531x.paho._publishes import (
    MQTTMessageInfo,
    Outgoing,
    PahoPayload,
    check_qos,
    checked_topic,
    encoded,
)
from m531x.paho._queue import LoopQueue
from m531x.paho._reports import LoopReports
from m531x.paho._values import (
    MQTT_CLEAN_START_FIRST_ONLY,
    MQTT_ERR_CONN_LOST,
    MQTT_ERR_INVAL,
    MQTT_ERR_NO_CONN,
    MQTT_ERR_SUCCESS,
    MQTT_LOG_DEBUG,
    MQTT_LOG_ERR,
    ConnectFlags,
    DisconnectFlags,
    MQTTErrorCode,
    MQTTMessage,
    Properties,
    ReasonCode,
)

__all__ = ["Client"]

_NO_PARTS_OF_LOOP: Final = f"{NO_SOCKET}; use loop, loop_start or loop_forever"


@shows_half_built
class Client(ClientBase):
    """paho's client (version 2), over a module.

    Callbacks run where paho runs them: in `loop_forever`, in the thread of `loop_start`, or in
    `loop`. Any thread may call every method, and so may callbacks. The modem itself restores a lost
    connection and its subscriptions.

    As with paho, the thread of `loop_start` keeps the client alive. One that the program forgets
    without such a thread is collected, which closes its modem with a `ResourceWarning`.

    Differences from paho: `connect` returns when the broker has answered, not before. A callback
    that raises is reported by `threading.excepthook`, and the thread of `loop_start` goes on; paho
    ends it. A publish that fails for good, such as one too long for the module, is logged as an
    error, and `MQTTMessageInfo.wait_for_publish` raises. ``on_pre_connect`` runs on the thread that
    connects. `disconnect` also frees the serial port.

    Args:
        callback_api_version: Must be VERSION2.
        client_id: The client id; empty makes one.
        clean_session: Whether the broker forgets the client's earlier session; None is True.
        userdata: The second argument of each callback.
        protocol: Must be MQTTv311.
        transport: Must be ``"tcp"``.
        reconnect_on_failure: Whether lost connections are restored.
        manual_ack: Must be False; the module acknowledges by itself.
        port: The serial port, as `m531x.Modem` takes it; None is the environment variable
            ``M531X_PORT``.
        connect_limit: As for `m531x.Modem.connect`, whose CONNECT packet it limits.
        modem: Other arguments of `m531x.Modem`, such as ``model``, ``baudrate`` or ``outbox``.

    Attributes:
        suppress_exceptions: Whether an exception in a callback is logged only.

    Raises:
        InvalidArgumentError: An argument is wrong, or asks for something that the module cannot do.
    """

    def _set_up(self) -> None:
        """Starts without a port and without a thread."""
        self._queue = LoopQueue()
        self._connection = Connection(self._settings, LoopReports(self, self._queue), self._queue)
        self._first_pending = False
        self._leaving = False
        self._ended: MQTTErrorCode | None = None
        self._loop_thread: threading.Thread | None = None
        self._loop_stopped = False

    def __repr__(self) -> str:
        """The port, the broker and whether it is connected."""
        state = "connected" if self.is_connected() else "not connected"
        return f"<m531x.paho.Client {self._settings.port!r} to {self.host!r} {state}>"

    def max_queued_messages_set(self, queue_size: int) -> Client:
        """Sets how many publishes of QoS 1 and 2 may be unfinished; 0 is no limit."""
        self.max_queued_messages = queue_size
        return self

    # ---- the connection

    def connect(
        self,
        host: str,
        port: int = 1883,
        keepalive: int = 60,
        bind_address: str = "",
        bind_port: int = 0,
        clean_start: bool | int = MQTT_CLEAN_START_FIRST_ONLY,
        properties: None = None,
    ) -> MQTTErrorCode:
        """Opens the serial port and connects; returns when the broker has answered.

        Raises:
            InvalidArgumentError: An argument is wrong; nothing was sent.
            PortError: The port cannot be opened.
            ConnectError: The broker was not reached. A broker that refuses raises nothing:
                ``on_connect`` gets the reason.
        """
        self.connect_async(host, port, keepalive, bind_address, bind_port, clean_start, properties)
        return self.reconnect()

    def connect_async(
        self,
        host: str,
        port: int = 1883,
        keepalive: int = 60,
        bind_address: str = "",
        bind_port: int = 0,
        clean_start: bool | int = MQTT_CLEAN_START_FIRST_ONLY,
        properties: None = None,
    ) -> None:
        """Notes where to connect; the loop connects when it begins."""
        check_no_properties(properties)
        if clean_start != MQTT_CLEAN_START_FIRST_ONLY:
            refuse("clean_start", "it is of MQTT 5; use clean_session")
        if bind_address or bind_port:
            refuse("bind_address", NO_SOCKET)
        if not isinstance(host, str) or not host:
            raise InvalidArgumentError(f"host is {host!r}: give the broker's name or address")
        if not 0 < port < 65536:
            raise InvalidArgumentError(f"port is {port}: give the broker's, 1 to 65535")
        if keepalive < 0:
            raise InvalidArgumentError(f"keepalive is {keepalive}: give seconds, 0 or more")
        settings = self._settings
        settings.host, settings.broker_port, settings.keepalive = host, port, keepalive
        self._first_pending = True

    def reconnect(self) -> MQTTErrorCode:
        """Connects again, to the broker of before."""
        if not self._settings.host:
            raise InvalidArgumentError("no host: call connect first")
        self._first_pending = self._leaving = False
        self._ended = None
        self._connection.connect()
        return MQTT_ERR_SUCCESS

    def disconnect(self, reasoncode: None = None, properties: None = None) -> MQTTErrorCode:
        """Disconnects behind all that was asked for, frees the port, and ends the loop."""
        check_no_properties(properties or reasoncode)
        connected = self.is_connected()
        self._first_pending = False
        self._leaving = True
        self._connection.disconnect()
        return MQTT_ERR_SUCCESS if connected else MQTT_ERR_NO_CONN

    def is_connected(self) -> bool:
        """Whether the broker has accepted the client."""
        return self._connection.connected

    @property
    def modem(self) -> Modem | None:
        """The modem behind it, while the port is open: for its signal, traces and raw commands."""
        return self._connection.modem

    @property
    def host(self) -> str:
        """The broker."""
        return self._settings.host

    @property
    def port(self) -> int:
        """The broker's TCP port."""
        return self._settings.broker_port

    @property
    def keepalive(self) -> int:
        """The keep-alive in seconds."""
        return self._settings.keepalive

    # ---- publishing and subscribing

    def publish(
        self,
        topic: str,
        payload: PahoPayload = None,
        qos: int = 0,
        retain: bool = False,
        properties: None = None,
    ) -> MQTTMessageInfo:
        """Publishes without waiting.

        Without a connection, a publish of QoS 0 is lost and the others wait for the next one.

        Raises:
            InvalidArgumentError: Topic, payload or QoS is wrong.
        """
        check_no_properties(properties)
        check_qos(qos)
        topic, data = checked_topic(topic), encoded(payload)
        info = MQTTMessageInfo(self._next_mid(), self._queue)
        self._log(MQTT_LOG_DEBUG, f"publish {info.mid} to {topic!r}, {len(data)} bytes, qos {qos}")
        self._connection.publish(Outgoing(topic, data, qos, retain, info))
        return info

    def subscribe(
        self,
        topic: str | tuple[str, int] | list[tuple[str, int]],
        qos: int = 0,
        options: None = None,
        properties: None = None,
    ) -> tuple[MQTTErrorCode, int | None]:
        """Subscribes to a filter, a pair of filter and QoS, or a list of pairs.

        Returns:
            The result and the number that ``on_subscribe`` gets.

        Raises:
            InvalidArgumentError: A filter or a QoS is wrong.
        """
        check_no_properties(properties or options)
        topics = checked_pairs(topic, qos)
        if not self.is_connected():
            return MQTT_ERR_NO_CONN, None
        mid = self._next_mid()
        self._log(MQTT_LOG_DEBUG, f"subscribe {mid} to {topics}")
        self._connection.subscribe(mid, topics)
        return MQTT_ERR_SUCCESS, mid

    def unsubscribe(
        self, topic: str | list[str], properties: None = None
    ) -> tuple[MQTTErrorCode, int | None]:
        """Ends the subscription of a filter or of several.

        Returns:
            The result and the number that ``on_unsubscribe`` gets.

        Raises:
            InvalidArgumentError: A filter is wrong.
        """
        check_no_properties(properties)
        topics = checked_filters(topic)
        if not self.is_connected():
            return MQTT_ERR_NO_CONN, None
        mid = self._next_mid()
        self._log(MQTT_LOG_DEBUG, f"unsubscribe {mid} from {topics}")
        self._connection.unsubscribe(mid, topics)
        return MQTT_ERR_SUCCESS, mid

    def ack(self, mid: int, qos: int) -> NoReturn:
        """Raises: the module acknowledges by itself."""
        refuse("ack", NO_MANUAL_ACK)

    # ---- the loop, which calls the callbacks

    def loop_forever(
        self, timeout: float = 1.0, retry_first_connection: bool = False
    ) -> MQTTErrorCode:
        """Calls the callbacks until `disconnect`; an exception in one ends it.

        Args:
            timeout: Seconds after which it looks whether it must end.
            retry_first_connection: Whether a `connect_async` that fails is repeated.

        Returns:
            MQTT_ERR_SUCCESS after `disconnect`, MQTT_ERR_CONN_LOST after a loss that is not
            restored.

        Raises:
            M531xError: The port cannot be opened, or the broker was not reached, at the first time.
        """
        if not self._settings.host:
            raise InvalidArgumentError("no host: call connect first")
        self._loop_stopped = False
        with self._queue.taken_here():
            return self._loop(timeout, retry_first_connection, self._call)

    def loop_start(self) -> MQTTErrorCode:
        """Calls the callbacks on a thread of its own, until `loop_stop`.

        Returns:
            MQTT_ERR_SUCCESS; MQTT_ERR_INVAL if there is such a thread already.
        """
        if self._loop_thread is not None:
            return MQTT_ERR_INVAL
        self._loop_stopped = False
        self._ended = None
        thread = threading.Thread(target=self._run_loop, name="m531x-paho-loop", daemon=True)
        self._loop_thread = thread
        thread.start()
        return MQTT_ERR_SUCCESS

    def loop_stop(self) -> MQTTErrorCode:
        """Ends the thread of `loop_start`, and waits until its callback has returned.

        Call `disconnect` first: the thread then reports its end, ``on_disconnect`` included, before
        it ends. Without it the modem stays connected, and what arrives waits for the next loop. In
        a callback it returns at once.

        Returns:
            MQTT_ERR_SUCCESS; MQTT_ERR_INVAL if there is no such thread.
        """
        thread = self._loop_thread
        if thread is None:
            return MQTT_ERR_INVAL
        self._loop_stopped = True
        self._queue.wake()
        if thread is not threading.current_thread():
            thread.join()
        return MQTT_ERR_SUCCESS

    def loop(self, timeout: float = 1.0) -> MQTTErrorCode:
        """Calls the callbacks that wait, or the first that comes within the seconds given."""
        if self._first_pending:
            self.reconnect()
        with self._queue.taken_here():
            call = self._queue.get(timeout)
            while call is not None:
                self._call(call)
                call = self._queue.get(0)
        return MQTT_ERR_SUCCESS if self._connection.active else MQTT_ERR_NO_CONN

    def loop_read(self, max_packets: int = 1) -> NoReturn:
        """Raises: the module has the socket."""
        refuse("loop_read", _NO_PARTS_OF_LOOP)

    def loop_write(self) -> NoReturn:
        """Raises: the module has the socket."""
        refuse("loop_write", _NO_PARTS_OF_LOOP)

    def loop_misc(self) -> NoReturn:
        """Raises: the module has the socket."""
        refuse("loop_misc", _NO_PARTS_OF_LOOP)

    def want_write(self) -> bool:
        """False: nothing waits for a socket."""
        return False

    def socket(self) -> NoReturn:
        """Raises: the module has the socket."""
        refuse("socket", NO_SOCKET)

    def _run_loop(self) -> None:
        try:
            with self._queue.taken_here():
                self._loop(1.0, True, self._call_safely, waits=True)
        finally:
            self._loop_thread = None

    def _loop(
        self,
        timeout: float,
        retry: bool,
        run: Callable[[Callable[[], None]], None],
        *,
        waits: bool = False,
    ) -> MQTTErrorCode:
        """Calls until it is stopped, or until nothing more can come; `waits` for a `connect`."""
        if self._first_pending:
            try:
                self.reconnect()
            except M531xError as error:
                self._log(MQTT_LOG_ERR, f"not connected: {error}")
                run(lambda: self._report("on_connect_fail"))
                if not retry:
                    raise
                self._connection.connect_later()
        # What `disconnect` has begun is reported even if the loop must stop.
        while self._leaving or not self._loop_stopped:
            over = not self._connection.active and not (waits and self._ended is None)
            call = self._queue.get(0 if over else timeout)
            if call is not None:
                run(call)
            elif over:
                return MQTT_ERR_CONN_LOST if self._ended is None else self._ended
        return MQTT_ERR_SUCCESS

    def _call(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            self._log(MQTT_LOG_ERR, f"a callback raised {type(error).__name__}: {error}")
            if not self.suppress_exceptions:
                raise

    def _call_safely(self, call: Callable[[], None]) -> None:
        """Calls on a thread of the library, which nothing that a callback raises may end."""
        try:
            self._call(call)
        except BaseException as error:
            modem = self._connection.modem
            report = report_exception if modem is None else modem._dispatcher.report
            report(error)

    def _report(self, name: str, *arguments: object) -> None:
        callback = getattr(self, name)
        if callback is not None:
            callback(self, self._userdata, *arguments)

    def _on_refused(self, reason: ReasonCode) -> None:
        self._report("on_connect", ConnectFlags(False), reason, Properties())
        self._on_lost()
        if self._settings.reconnects:
            self._connection.connect_later()

    def _on_lost(self) -> None:
        if not self._settings.reconnects:
            self._ended = MQTT_ERR_CONN_LOST
        reason = ReasonCode.of_disconnect(False)
        self._report("on_disconnect", DisconnectFlags(False), reason, Properties())

    def _on_left(self, was_connected: bool) -> None:
        self._ended, self._leaving = MQTT_ERR_SUCCESS, False
        if was_connected:
            reason = ReasonCode.of_disconnect(True)
            self._report("on_disconnect", DisconnectFlags(False), reason, Properties())

    def _on_published(self, info: MQTTMessageInfo) -> None:
        try:
            self._report("on_publish", info.mid, ReasonCode.of_puback(), Properties())
        finally:
            info._note_published()

    def _on_message(self, message: Message) -> None:
        shown = MQTTMessage(message)
        with self._lock:
            callbacks = [
                callback
                for name, callback in self._filters.items()
                if topic_matches(name, message.topic)
            ]
        for callback in callbacks:
            callback(self, self._userdata, shown)
        if not callbacks:
            self._report("on_message", shown)

    def _next_mid(self) -> int:
        with self._lock:
            self._last_mid = self._last_mid % 65535 + 1
            return self._last_mid
