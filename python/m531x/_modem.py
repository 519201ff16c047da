"""The modem: a serial port with a module behind it, as an MQTT client."""

from __future__ import annotations

import atexit
import contextlib
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

from m531x import _native
from m531x._arguments import check_qos, will_parts
from m531x._base import (
    LEAVING_S,
    LEFT_BY_DISCONNECT,
    ModemBase,
    stats_of,
)
from m531x._callbacks import CallbackRegistry
from m531x._constants import MqttState
from m531x._delivery import Delivery
from m531x._dispatcher import Dispatcher
from m531x._errors import (
    ClosedError,
    ConnectError,
    M531xError,
    OperationCancelledError,
)
from m531x._event_log import EventLog
from m531x._fork import invalidate_after_fork, watch_forks
from m531x._native import Message
from m531x._password import Logins, checked, failed, parts
from m531x._payload import Payload
from m531x._pending import Pending
from m531x._routes import MessageCallback, Route
from m531x._secret import Hidden, shown_command
from m531x._subscription import MessageIterator, Subscription
from m531x._types import Receipt, Session, Will
from m531x.doctor import Diagnosis, ModemInfo, MqttConfig, Signal, Stats

__all__ = ["Modem"]


def _ask(function: Callable[[], str]) -> Hidden[str]:
    try:
        return checked(Hidden(function()))
    except Exception as error:
        raise failed(error) from error


class Modem(ModemBase):
    """A module at a serial port, used as an MQTT client.

    Opening runs the start-up dialogue: it repeats ``AT`` until the module answers, turns echo off
    and error numbers on, and asks for the model. `connect` comes next.

    Any thread may call every method, and so may callbacks; each call waits for its own answer.
    Ctrl-C ends any wait in the main thread at once. Callbacks run one after the other on one thread
    of the modem, in the order of arrival, with no lock held.

    Every method raises `ModemTimeoutError` when the module does not answer in time, `CommandError`
    when it refuses (``modem_code`` is its number), `ModemRebootedError` when it restarts meanwhile
    and `ClosedError` after ``close()``.

    Args:
        port: ``"/dev/ttyUSB0"`` (text or a path), ``"COM5"``, ``"usb:SERIAL"`` for
            the USB adapter with this serial number, ``"tcp://host:port"`` and
            ``"rfc2217://host:port"`` for a serial server without and with control of its port, or
            ``"virtual://"`` for a virtual modem with a broker of its own in this process.
        model: ``"M5310-A"``, ``"M5311"``, ``"M5312"``, ``"M5313"`` ...; ``"auto"`` asks the module.
        baudrate: Bits per second; None is the model's, and with ``"auto"`` tries 9600 and 115200.
        open_timeout: Seconds that the opening may take, with any port and model; 0 tries everything
            once: it gives up a silent port within 0.1 s, and grants 3 s to a module that answers.
        command_timeout: Seconds that a command may take, unless it is known to take longer.
        guard_time: Least pause in seconds between an answer and the next command; None is the
            model's on a serial line and none elsewhere.
        queue_size: How many messages may wait for each consumer: the callbacks, each subscription
            that is read by itself, and `messages`. A consumer that is behind holds up no other.
        queue_bytes: How many bytes may wait in all.
        overflow: What happens to messages beyond these: ``"drop_oldest"`` and ``"drop_newest"``
            drop, count it in `stats`, and report it by one event and one warning in the log.
            ``"block"`` stops reading the port until there is room; an operation whose answer is
            more than 256 KiB behind raises `QueueFullError`. It is for lines that can wait: a
            serial line without flow control loses bytes, and with them parts of messages and
            answers. Messages never push out an event; of 4,096 events of the connection that
            wait, the oldest makes room.
        max_waiting: The largest number of operations that wait or are under way, those of
            `publish_nowait` included; more raise `QueueFullError`. An outbox has limits of its own.
        trace: The number of lines on the port to keep for `trace`; 0 keeps none.
        recovery: How the modem restores a lost connection or a vanished port, subscriptions
            included; None leaves it lost. It sends unfinished publishes of QoS 1 and 2 again.
        outbox: An `Outbox`, or the path of its file, which keeps publishes of QoS 1 and 2 until
            they are acknowledged, beyond the end of the process; None keeps them in memory.
        record: A file that records the session from its first byte on; see `record`.
        dtr: Whether the line DTR of a serial port is on, also of one behind ``rfc2217://``; None
            leaves it as the system sets it, which is on with Linux and Windows. Where there is no
            such line, it has no effect, and the log warns.
        rts: The same for the line RTS.

    Raises:
        InvalidArgumentError: An unknown model, a malformed port, a number out of range.
        PortError: The port does not exist, is in use, or must not be opened by this user.
        ModemTimeoutError: Nothing at the port answers.
        OutboxError: The outbox's file is in use, damaged, or cannot be opened.

    Examples:
        >>> import m531x
        >>> with m531x.Modem("virtual://") as modem:
        ...     _ = modem.connect("broker.example", client_id="meter-17")
        ...     room = modem.subscribe("room/+/temperature", qos=1)
        ...     receipt = modem.publish("room/1/temperature", "21.5", qos=1)
        ...     message = room.receive(timeout=5)
        ...     print(message.topic, message.text)
        room/1/temperature 21.5
    """

    def _set_up(self) -> None:
        """Opens the port and runs the start-up dialogue."""
        try:
            self._native: _native.Modem = self._opening().wait()
        except BaseException:
            self._close_virtual_modem()
            raise
        self._closing = threading.Lock()
        event_log = self._event_log = EventLog(self._native, self._port, self._trace_size)
        self._warn_of_port(event_log)
        self._callbacks.routes.bind(self._native)
        self._dispatcher = Dispatcher(self._native, self._callbacks, event_log)
        try:
            self._dispatcher.start()
        except BaseException:
            self.close()
            raise
        _open_modems.add(self)
        watch_forks(self)

    @property
    def _opened(self) -> _native.Modem:
        return self._native

    def connect(
        self,
        host: str,
        port: int = 1883,
        *,
        client_id: str,
        username: str | None = None,
        password: str | Callable[[], str] | None = None,
        keepalive: int = 60,
        clean_session: bool = True,
        tls: bool = False,
        will: Will | None = None,
        ack_timeout: int = 10,
        connect_limit: int | None = None,
        timeout: float | None = None,
    ) -> Session:
        """Configures the module's MQTT client and connects it; returns when the broker accepted.

        It first removes a client that is still configured.

        Args:
            host: The broker's name or address, which the module looks up.
            port: The broker's TCP port, 1 to 65535.
            client_id: The MQTT client identifier.
            username: The user name, if the broker wants one.
            password: The password, or for one that expires a function that returns it. The modem
                calls it for every connection and every recovery, and again if the broker refuses
                the result; here on this thread, later on that of the callbacks, where it may take
                30 s. The password appears in no log, error text or repr.
            keepalive: Seconds, up to 65535; more than `ack_timeout`. 0 is allowed, but not "off":
                the broker then expects no ping, while a module may send one every 1.5 s.
            clean_session: Whether the broker forgets the client's earlier session.
            tls: Whether the module encrypts; not every model can.
            will: The message that the broker publishes when the connection is lost.
            ack_timeout: Seconds that the module waits for an acknowledgement of the broker.
            connect_limit: Bytes that the module takes for its CONNECT packet, with client id, user
                name, password and will; None is the model's, 256. That of a module may be larger.
            timeout: Seconds it may take; None is `ack_timeout` and 50 s for the network. If no
                broker answers, the module itself tries for about half a minute.

        Returns:
            Whether the broker had kept the session, where the module reports it.

        Raises:
            InvalidArgumentError: An argument is wrong; nothing was sent.
            ConnectError: The broker refused (see ``return_code``) or was not reached, or the
                password function raised an exception.
            ModemTimeoutError: The outcome was not known in time.
            CommandError: The module refused a command.

        Examples:
            >>> import m531x
            >>> with m531x.Modem("virtual://") as modem:
            ...     will = m531x.Will("meter/17/state", "lost")
            ...     _ = modem.connect("broker.example", client_id="meter-17", will=will)
            ...     print(modem.state)
            connected
        """
        (hidden, function), password = parts(password), None
        logins = Logins(username, hidden, function, timeout)
        self._callbacks.password = function
        while True:
            options = _native.ConnectOptions(
                host,
                port,
                client_id,
                username,
                hidden.reveal() if function is None else _ask(function).reveal(),
                keepalive,
                clean_session,
                tls,
                will_parts(will),
                ack_timeout,
                logins.left,
                function is not None,
                connect_limit,
            )
            try:
                self._native.connect(options).wait()
            except ConnectError as error:
                if not logins.again(error):
                    raise
            else:
                return Session(self._native.session_present())

    def connect_nowait(
        self,
        host: str,
        port: int = 1883,
        *,
        client_id: str,
        username: str | None = None,
        password: str | Callable[[], str] | None = None,
        keepalive: int = 60,
        clean_session: bool = True,
        tls: bool = False,
        will: Will | None = None,
        ack_timeout: int = 10,
        connect_limit: int | None = None,
        timeout: float | None = None,
    ) -> Pending[Session]:
        """Begins to connect, and does not wait for the end; arguments are those of `connect`.

        Returns:
            What is under way, which the program may wait for; wrong arguments raise there too.
        """
        hidden, password = Hidden(password), None
        return Pending(
            "connect",
            lambda: self.connect(
                host,
                port,
                client_id=client_id,
                username=username,
                password=hidden.reveal(),
                keepalive=keepalive,
                clean_session=clean_session,
                tls=tls,
                will=will,
                ack_timeout=ack_timeout,
                connect_limit=connect_limit,
                timeout=timeout,
            ),
            self._dispatcher.call,
        )

    def disconnect(self) -> None:
        """Ends the MQTT connection; the client stays configured.

        Iterations over `messages` end, behind what has arrived.

        Raises:
            NotConnectedError: There is no MQTT connection.
        """
        self._native.disconnect().wait()
        self._native.end_reads()

    def delete(self) -> None:
        """Removes the configured MQTT client from the module.

        Raises:
            CommandError: The module refused.
        """
        self._native.delete().wait()
        self._native.end_reads()

    def publish(
        self,
        topic: str,
        payload: Payload,
        qos: int = 0,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> Receipt:
        r"""Publishes and waits until it is done.

        A publish is done when the module has accepted it (QoS 0), when the broker has acknowledged
        it (QoS 1), or when the exchange is complete (QoS 2).

        With an outbox and QoS 1 or 2, an error after the message was accepted says that the message
        stays in the outbox: it is sent later, so do not publish it again. Without a connection, and
        with none being made, this error comes at once.

        Args:
            topic: The topic name, without wildcards.
            payload: Any bytes; text is sent as UTF-8.
            qos: 0, 1 or 2.
            retain: Whether the broker keeps it for later subscribers.
            timeout: Seconds it may take; None is the acknowledgement timeout and some.

        Returns:
            The receipt with the packet id.

        Raises:
            InvalidArgumentError: Topic, payload or QoS is wrong; nothing was sent.
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            PublishError: The module gave up waiting for the acknowledgement.
            ModemTimeoutError: It was not done in time.
            OutboxError: The outbox is full (`OutboxFullError`) or cannot be written.

        Examples:
            >>> import m531x
            >>> with m531x.Modem("virtual://") as modem:
            ...     _ = modem.connect("broker.example", client_id="meter-17")
            ...     modem.publish("meter/17/count", "42", qos=1).packet_id
            ...     modem.publish("meter/17/raw", b"\x00\xff").qos
            1
            0
        """
        return Receipt(*self._native.publish(topic, payload, qos, retain, timeout).wait())

    def publish_nowait(
        self,
        topic: str,
        payload: Payload,
        qos: int = 0,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> Delivery:
        """Publishes without waiting.

        With an outbox and QoS 1 or 2 it returns once the message is on the disk, connected or not;
        from then on this process or a later one sends it until the broker has acknowledged it.

        Args:
            topic: As for `publish`.
            payload: As for `publish`.
            qos: As for `publish`.
            retain: As for `publish`.
            timeout: Seconds it may take from now, waiting for its turn included.

        Returns:
            The delivery, which the program may wait for.

        Raises:
            InvalidArgumentError: Topic, payload or QoS is wrong; nothing was sent.
            ClosedError: The modem is closed.
            QueueFullError: The number of operations has reached ``max_waiting`` of the modem.
            OutboxError: The outbox is full (`OutboxFullError`) or cannot be written; the message
                was not accepted.

        Examples:
            >>> import m531x
            >>> with m531x.Modem("virtual://") as modem:
            ...     _ = modem.connect("broker.example", client_id="meter-17")
            ...     deliveries = [modem.publish_nowait("t", str(n), qos=1) for n in range(3)]
            ...     print([delivery.wait(timeout=10).qos for delivery in deliveries])
            [1, 1, 1]
        """
        native = self._native.publish_nowait(topic, payload, qos, retain, timeout)
        return Delivery(native, self._dispatcher)

    def subscribe(
        self,
        topic: str,
        qos: int = 0,
        callback: MessageCallback | None = None,
        *,
        hex: bool = False,  # noqa: A002 - the name that the module's manual uses
        timeout: float | None = None,
    ) -> Subscription:
        """Subscribes and waits for the broker's answer.

        A message goes to the callback of every subscription it matches. If none of them has one it
        goes to `on_message`; if that is None, to the queue that `receive` and `messages` read.
        Several subscriptions of the same filter each get every message, with the highest QoS that
        one of them wants; a callback that the filter has already gets it once.

        Args:
            topic: The topic filter; ``+`` and ``#`` as in MQTT.
            qos: The requested QoS, the highest that the broker may use.
            callback: Called as ``callback(message)``; it may use the modem.
            hex: The module prints payloads as hex, and the driver decodes them: then the end of
                each topic is certain. M5311 only.
            timeout: Seconds it may take; None is the acknowledgement timeout and some.

        Returns:
            The subscription with the granted QoS.

        Raises:
            InvalidArgumentError: The filter, the QoS or the callback is wrong; nothing was sent.
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            SubscribeError: The broker refused, or did not answer in time.

        Examples:
            >>> import m531x, queue
            >>> texts = queue.Queue()
            >>> with m531x.Modem("virtual://") as modem:
            ...     _ = modem.connect("broker.example", client_id="meter-17")
            ...     meters = modem.subscribe("meter/+", 1, lambda message: texts.put(message.text))
            ...     _ = modem.publish("meter/17", "42")
            ...     print(meters.granted_qos, texts.get(timeout=10))
            1 42
        """
        check_qos(qos)
        routes = self._callbacks.routes
        wanted = routes.wanted_qos(topic, qos, callback)
        subscribing = self._native.subscribe(topic, wanted, hex, timeout)
        self._check_callback("callback", callback, "message")
        with routes.being_subscribed(topic, qos, callback) as route:
            granted = subscribing.wait()
        return Subscription(self, route, granted, hex)

    def subscribe_nowait(
        self,
        topic: str,
        qos: int = 0,
        callback: MessageCallback | None = None,
        *,
        hex: bool = False,  # noqa: A002 - the name that the module's manual uses
        timeout: float | None = None,
    ) -> Pending[Subscription]:
        """Begins to subscribe, and does not wait for the end; arguments are those of `subscribe`.

        Returns:
            What is under way, which the program may wait for; wrong arguments raise there too.
        """
        return Pending(
            "subscribe",
            lambda: self.subscribe(topic, qos, callback, hex=hex, timeout=timeout),
            self._dispatcher.call,
        )

    def unsubscribe(self, topic: str) -> None:
        """Ends all subscriptions of a filter and waits for the broker's answer.

        Args:
            topic: The filter, as in `subscribe`.

        Raises:
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            ModemTimeoutError: The broker did not answer in time.
        """
        self._native.unsubscribe(topic).wait()
        self._callbacks.routes.remove_subscribed(topic)

    def _unsubscribe(self, route: Route) -> None:
        if route.live and self._callbacks.routes.is_last(route):
            self._native.unsubscribe(route.filter).wait()
        self._callbacks.routes.remove(route)

    def receive(self, timeout: float | None = None) -> Message:
        """Waits for the next message that no callback takes.

        Args:
            timeout: Seconds to wait; None waits indefinitely, 0 takes one that has arrived already.

        Returns:
            The message.

        Raises:
            ModemTimeoutError: No message came in time.
            NotConnectedError: `disconnect` was called meanwhile.
            ClosedError: The modem is closed.
            PortError: The port was lost, and all earlier messages have been read.

        Examples:
            >>> import m531x
            >>> with m531x.Modem("virtual://") as modem:
            ...     _ = modem.connect("broker.example", client_id="meter-17")
            ...     _ = modem.subscribe("meter/#")
            ...     _ = modem.publish("meter/17", "42")
            ...     print(modem.receive(timeout=5).text)
            42
        """
        return self._receive(None, timeout)

    def _receive(self, route: Route | None, timeout: float | None) -> Message:
        timeout = _native.checked_timeout(timeout)
        self._require_open()
        try:
            message = MessageIterator(self, route, timeout).take()
        except OperationCancelledError:
            raise self._reading_ended() from None
        if message is None:
            raise self._no_message(timeout)
        return message

    def messages(self, timeout: float | None = None) -> Iterator[Message]:
        """Iterates over the messages that no callback takes, in order.

        Args:
            timeout: Seconds to wait for each message; the iteration ends without one. None waits
                until `disconnect` or `close`; 0 yields messages that have arrived already.

        Raises:
            ClosedError: The modem is closed.
            PortError: The port was lost, and all earlier messages have been read.

        Examples:
            >>> import m531x
            >>> with m531x.Modem("virtual://") as modem:
            ...     _ = modem.connect("broker.example", client_id="meter-17")
            ...     _ = modem.subscribe("meter/#")
            ...     for n in range(3):
            ...         _ = modem.publish(f"meter/{n}", str(n))
            ...     print([message.text for message in modem.messages(timeout=0.5)])
            ['0', '1', '2']
        """
        return self._messages(None, timeout)

    def _messages(self, route: Route | None, timeout: float | None) -> Iterator[Message]:
        timeout = _native.checked_timeout(timeout)
        self._require_open()
        return MessageIterator(self, route, timeout)

    def wait_for_network(self, timeout: float = 120.0) -> None:
        """Waits for SIM, registration, attachment and address; optional before ``connect()``.

        Args:
            timeout: Seconds it may take.

        Raises:
            ModemTimeoutError: The network was not ready in time; the text names the missing step.
        """
        self._native.wait_for_network(timeout).wait()

    def status(self) -> MqttState:
        """Asks the module for the state of its MQTT client (``AT+MQTTSTAT?``)."""
        return MqttState(self._native.status().wait())

    def config(self) -> MqttConfig:
        """Reads back the configuration of the module's MQTT client; never the password."""
        return MqttConfig(*self._native.config().wait())

    def info(self) -> ModemInfo:
        """Reads the model, the firmware and the identities of the module and its SIM card."""
        return ModemInfo(*self._native.info().wait())

    def signal(self) -> Signal:
        """Reads the quality of the radio signal."""
        return Signal(*self._native.signal().wait())

    def command(self, line: str, timeout: float | None = None) -> list[str]:
        """Sends an AT command and waits for its final result.

        Args:
            line: The command without the carriage return, such as ``"AT+CSQ"``.
            timeout: Seconds it may take; None is the modem's ``command_timeout``.

        Returns:
            The lines between the command and its ``OK``.

        Raises:
            InvalidArgumentError: The line holds a control character or is too long.
            CommandError: The module answered ``ERROR`` or ``+CME ERROR``.

        Examples:
            >>> import m531x
            >>> with m531x.Modem("virtual://") as modem:
            ...     modem.command("AT+CGMM")
            ['M5310-A']
        """
        hidden, line = Hidden(line), shown_command(line)
        return self._native.command(hidden.reveal(), timeout).wait()

    def wake(self) -> None:
        """Wakes a sleeping module: repeats ``AT`` until it answers, as it loses the first bytes."""
        self._native.wake().wait()

    def reboot(self) -> None:
        """Restarts the module and waits until it answers again; the MQTT client is gone then."""
        self._native.reboot().wait()

    def set_ack_timeout(self, seconds: int) -> None:
        """Sets how long the module waits for an acknowledgement (``AT+MQTTTO``).

        Args:
            seconds: More than 0, less than the keep-alive.
        """
        self._native.set_ack_timeout(seconds).wait()

    def set_ping_report(self, enabled: bool) -> None:
        """Turns the event for every answered ping on or off (``AT+MQTTPING``)."""
        self._native.set_ping_report(enabled).wait()

    def diagnose(self) -> Diagnosis:
        """Checks the module, from its answer to its MQTT state; it changes nothing.

        `m531x.doctor.diagnose` checks the port and a broker as well.
        """
        return Diagnosis._of(_native.diagnose_open(self._native))

    def stats(self) -> Stats:
        """The counters since the modem was opened."""
        return stats_of(self._native, self._dispatcher)

    def close(self) -> None:
        """Frees the port and ends every wait of every thread; closing again does nothing.

        It sends the module no command, so the module goes on: it stays connected, answers the
        broker's messages, and prints them where no one reads. Call `disconnect` first to end that,
        or use ``with``, which does. Inside a callback `close` returns at once, and that callback is
        the last; elsewhere it waits for a running callback, a second at most.
        """
        if not hasattr(self, "_closing"):
            return  # a subclass has not got as far as the port
        with self._closing:
            if self._closed:
                return
            self._closed = True
        _open_modems.discard(self)
        self._native.close()
        self._dispatcher.stop()
        self._close_virtual_modem()

    def __enter__(self) -> Modem:
        """Itself."""
        return self

    if not TYPE_CHECKING:  # type checkers miss the methods, and say so

        async def __aenter__(self) -> NoReturn:
            """Refuses ``async with``: this modem would block the event loop."""
            raise TypeError("m531x.Modem needs plain `with`; for `async with` use m531x.aio.Modem")

        async def __aexit__(self, *_: object) -> None:
            """Is never reached."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnects, which may take 5 s, and closes."""
        if not hasattr(self, "_native") or self._closed:
            return
        try:
            if self.state in LEFT_BY_DISCONNECT:
                with contextlib.suppress(M531xError):
                    self._native.leave(LEAVING_S)
        finally:
            self.close()

    def __repr__(self) -> str:
        """The port and the state."""
        if not hasattr(self, "_native"):
            # A traceback of a failed opening shows the unfinished object.
            return "<m531x.Modem not open>"
        state = "closed" if self._closed else self.state
        return f"<m531x.Modem {self._port!r} {state}>"

    def _repr_html_(self) -> str:
        return self._html("m531x.Modem")

    def __del__(self) -> None:
        """Closes a modem that the program left open, and warns."""
        if hasattr(self, "_native") and hasattr(self, "_closing") and not self._closed:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
            self.close()

    def _after_fork(self) -> None:
        """Invalidates the modem in a forked child: its threads exist in the parent only."""
        if not self._closed:
            self._native = invalidate_after_fork(self._native)
            self._event_log = invalidate_after_fork(self._event_log)
            self._callbacks = CallbackRegistry()
            self._dispatcher.invalidate_after_fork(self._native)
            self._closing = threading.Lock()
            self._closed = True

    def _require_open(self) -> None:
        if self._closed:
            self._native.mqtt_state()  # raises the error that names a fork
            raise ClosedError


_open_modems: weakref.WeakSet[Modem] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Ends callbacks and waits in the native module before the interpreter shuts down."""
    for modem in list(_open_modems):
        with contextlib.suppress(Exception):
            modem.close()
