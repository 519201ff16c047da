"""The modem for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar

from m531x import _native
from m531x._arguments import check_qos, will_parts
from m531x._base import (
    LEAVING_S,
    LEFT_BY_DISCONNECT,
    NOT_OPEN,
    ModemBase,
    stats_of,
)
from m531x._constants import MqttState
from m531x._errors import (
    ClosedError,
    ConnectError,
    InvalidArgumentError,
    M531xError,
    OperationCancelledError,
)
from m531x._event_log import EventLog
from m531x._fork import invalidate_after_fork, watch_forks
from m531x._native import Message
from m531x._password import Logins, ask_awaiting, failed, parts
from m531x._payload import Payload
from m531x._routes import MessageCallback, Route
from m531x._secret import Hidden, shown_command
from m531x._types import Receipt, Session, Will
from m531x.aio._delivery import Delivery
from m531x.aio._loop_bridge import AnyOperation, LoopBridge
from m531x.aio._receiver import Receiver
from m531x.aio._subscription import MessageIterator, Subscription
from m531x.doctor import Diagnosis, ModemInfo, MqttConfig, Signal, Stats

__all__ = ["Modem"]

T = TypeVar("T")


async def _ask(function: Callable[[], str | Awaitable[str]]) -> Hidden[str]:
    try:
        return await ask_awaiting(function)
    except Exception as error:
        raise failed(error) from error


def _arrival_of(receiver: Receiver) -> Callable[[], None]:
    """What the loop calls: it keeps neither the callbacks nor the modem they may refer to."""
    arrived = weakref.WeakMethod(receiver.arrived)

    def arrive() -> None:
        method = arrived()
        if method is not None:
            method()

    return arrive


class Modem(ModemBase):
    """A module at a serial port, used as an MQTT client from a coroutine.

    The arguments are those of `m531x.Modem`. ``async with`` opens the port, and so does awaiting
    the modem: ``modem = await aio.Modem(port)``. The modem belongs to the event loop that opened it
    and must be used in that loop's thread. Many tasks may use it at once; each gets its own answer.

    Cancelling a coroutine (by ``asyncio.timeout``, for instance) abandons its operation and leaves
    the modem usable. Sent bytes cannot be taken back: a cancelled publish may still have reached
    the broker.

    Callbacks are plain functions or coroutine functions. They run in the event loop, one after the
    other in the order of arrival: the next begins when the one before has returned or, if it is a
    coroutine function, has ended. They may use the modem. An exception goes to the loop's exception
    handler, and ``stats().callback_errors`` counts it. `SystemExit` and `KeyboardInterrupt` leave
    the loop, as from any task: ``asyncio.run`` raises them.

    Args:
        port: ``"/dev/ttyUSB0"``, ``"COM5"``, ``"tcp://host:port"`` and ``"rfc2217://host:port"``
            for a serial server without and with control of its port, or ``"virtual://"`` for a
            virtual modem with a broker of its own in this process.
        model: As for `m531x.Modem`, and so are the others.
        baudrate: Bits per second; None is the model's.
        open_timeout: Seconds that the opening may take.
        command_timeout: Seconds that a command may take, unless it is known to take longer.
        guard_time: Least pause in seconds between an answer and the next command.
        queue_size: How many messages may wait for each consumer.
        queue_bytes: How many bytes may wait in all.
        overflow: What happens to messages beyond these.
        max_waiting: The largest number of operations that wait or are under way.
        trace: The number of lines on the port to keep for `trace`.
        recovery: How the modem restores a lost connection or port; None leaves it lost.
        outbox: Keeps publishes of QoS 1 and 2 on disk; None keeps them in memory. The loop waits
            for the disk with each publish, a few milliseconds.
        record: A file that records the session from its first byte on.
        dtr: Whether the line DTR of a serial port is on; None leaves it as the system sets it.
        rts: The same for the line RTS.

    Raises:
        InvalidArgumentError: An unknown model, a number out of range.

    Examples:
        >>> import asyncio
        >>> from m531x import aio
        >>> async def main() -> None:
        ...     modem = await aio.Modem("virtual://")
        ...     await modem.connect("broker.example", client_id="meter-17")
        ...     counts = [modem.publish("meter/17/count", str(n), qos=1) for n in range(3)]
        ...     print([receipt.qos for receipt in await asyncio.gather(*counts)])
        ...     await modem.close()
        >>> asyncio.run(main())
        [1, 1, 1]
    """

    _awaits_callbacks: ClassVar[bool] = True

    def _set_up(self) -> None:
        """Opens nothing yet."""
        self._bridge: LoopBridge | None = None
        self._native: _native.Modem | None = None
        self._receiver = Receiver(self._callbacks)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Opens the port and runs the start-up dialogue; ``async with`` does it.

        Raises:
            PortError: The port does not exist, is in use, or must not be opened by this user.
            ModemTimeoutError: Nothing at the port answers.
            ClosedError: The modem was opened before.
        """
        if self._closed or self._bridge is not None:
            raise ClosedError("a modem can be opened once only: make a new one")
        bridge = self._bridge = LoopBridge(_arrival_of(self._receiver))
        try:
            native = await bridge.begin(self._opening())
        except BaseException:
            self._closed = True
            bridge.close()
            self._close_virtual_modem()
            raise
        self._native = native
        native.notify(bridge.ready)
        watch_forks(self)
        self._event_log = EventLog(native, self._port, self._trace_size)
        self._warn_of_port(self._event_log)
        self._receiver.start(native, self._event_log)

    async def close(self) -> None:
        """Frees the port and ends every wait with `ClosedError`; closing again does nothing.

        It sends the module no command, so the module goes on: it stays connected, answers the
        broker's messages, and prints them where no one reads. Await `disconnect` first to end that,
        or use ``async with``, which does. A running callback has a second to finish; a callback
        that closes is the last.
        """
        native, bridge = getattr(self, "_native", None), getattr(self, "_bridge", None)
        if self._closed or native is None or bridge is None:
            self._closed = True
            return
        self._closed = True
        try:
            await bridge.begin(native.closing())
        finally:
            self._receiver.end()
            bridge.close()
            self._close_virtual_modem()
        await self._receiver.stop()

    def __await__(self) -> Generator[Any, None, Modem]:
        """Opens it and returns it."""
        yield from self.open().__await__()
        return self

    if not TYPE_CHECKING:  # type checkers miss the methods, and say so

        def __enter__(self) -> NoReturn:
            """Refuses a plain ``with``, which cannot wait in an event loop."""
            raise TypeError("m531x.aio.Modem needs `async with`; for plain `with` use m531x.Modem")

        def __exit__(self, *_: object) -> None:
            """Is never reached."""

    async def __aenter__(self) -> Modem:
        """Opens it, unless it is open."""
        if self._native is None:
            await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnects, which may take 5 s, and closes."""
        try:
            if not self._closed and self._native is not None and self.state in LEFT_BY_DISCONNECT:
                with contextlib.suppress(M531xError, asyncio.TimeoutError):
                    await asyncio.wait_for(self._run(self._in_loop.disconnect()), LEAVING_S)
        finally:
            await self.close()

    def __repr__(self) -> str:
        """The port and the state."""
        if self._closed:
            state = "closed"
        else:
            unopened = getattr(self, "_native", None) is None
            state = "not open" if unopened else str(self.state)
        return f"<m531x.aio.Modem {self._port!r} {state}>"

    def _repr_html_(self) -> str:
        return self._html("m531x.aio.Modem")

    def __del__(self) -> None:
        """Closes a modem that the program left open, and warns."""
        native, bridge = getattr(self, "_native", None), getattr(self, "_bridge", None)
        if native is None or bridge is None or self._closed:
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        self._closed = True
        native.close()
        if bridge.loop.is_closed():
            bridge.close()
        else:
            # The garbage collector may run in any thread.
            bridge.loop.call_soon_threadsafe(bridge.close)
        self._close_virtual_modem()

    async def connect(
        self,
        host: str,
        port: int = 1883,
        *,
        client_id: str,
        username: str | None = None,
        password: str | Callable[[], str | Awaitable[str]] | None = None,
        keepalive: int = 60,
        clean_session: bool = True,
        tls: bool = False,
        will: Will | None = None,
        ack_timeout: int = 10,
        connect_limit: int | None = None,
        timeout: float | None = None,
    ) -> Session:
        """Configures the module's MQTT client and connects it; returns when the broker accepted.

        Arguments and errors are those of `m531x.Modem.connect`. A password function may be a
        coroutine function; it runs in the event loop.
        """
        (hidden, function), password = parts(password, awaited=True), None
        logins = Logins(username, hidden, function, timeout)
        self._callbacks.password = function
        while True:
            options = _native.ConnectOptions(
                host,
                port,
                client_id,
                username,
                hidden.reveal() if function is None else (await _ask(function)).reveal(),
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
                await self._run(self._in_loop.connect(options))
            except ConnectError as error:
                if not logins.again(error):
                    raise
            else:
                return Session(self._opened.session_present())

    def connect_nowait(
        self,
        host: str,
        port: int = 1883,
        *,
        client_id: str,
        username: str | None = None,
        password: str | Callable[[], str | Awaitable[str]] | None = None,
        keepalive: int = 60,
        clean_session: bool = True,
        tls: bool = False,
        will: Will | None = None,
        ack_timeout: int = 10,
        connect_limit: int | None = None,
        timeout: float | None = None,
    ) -> asyncio.Task[Session]:
        """Begins to connect in a task, which may be awaited; arguments as for `connect`."""
        hidden, password = Hidden(password), None

        async def connect() -> Session:
            return await self.connect(
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
            )

        return self._task(connect())

    async def disconnect(self) -> None:
        """Ends the MQTT connection; the client stays configured.

        Iterations over `messages` end, behind what has arrived.

        Raises:
            NotConnectedError: There is no MQTT connection.
        """
        await self._run(self._in_loop.disconnect())
        self._receiver.end_reads()

    async def delete(self) -> None:
        """Removes the configured MQTT client from the module.

        Raises:
            CommandError: The module refused.
        """
        await self._run(self._in_loop.delete())
        self._receiver.end_reads()

    async def publish(
        self,
        topic: str,
        payload: Payload,
        qos: int = 0,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> Receipt:
        """Publishes and waits until it is done.

        Arguments, receipt and errors are those of `m531x.Modem.publish`.
        """
        operation = self._in_loop.publish(topic, payload, qos, retain, timeout)
        return Receipt(*await self._run(operation))

    def publish_nowait(
        self,
        topic: str,
        payload: Payload,
        qos: int = 0,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> Delivery:
        """Publishes without waiting; publishes go out in the order of the calls.

        Arguments and errors are those of `m531x.Modem.publish_nowait`.
        """
        delivery = self._in_loop.publish_nowait(topic, payload, qos, retain, timeout)
        return Delivery(self._run(delivery))

    async def subscribe(
        self,
        topic: str,
        qos: int = 0,
        callback: MessageCallback | None = None,
        *,
        hex: bool = False,  # noqa: A002 - the name that the module's manual uses
        timeout: float | None = None,
    ) -> Subscription:
        """Subscribes and waits for the broker's answer.

        Arguments and errors are those of `m531x.Modem.subscribe`; the callback may be a coroutine
        function, which is awaited before the next callback begins.
        """
        check_qos(qos)
        routes = self._callbacks.routes
        wanted = routes.wanted_qos(topic, qos, callback)
        subscribing = self._in_loop.subscribe(topic, wanted, hex, timeout)
        self._check_callback("callback", callback, "message")
        with routes.being_subscribed(topic, qos, callback) as route:
            granted = await self._run(subscribing)
        return Subscription(self, route, granted, hex)

    def subscribe_nowait(
        self,
        topic: str,
        qos: int = 0,
        callback: MessageCallback | None = None,
        *,
        hex: bool = False,  # noqa: A002 - the name that the module's manual uses
        timeout: float | None = None,
    ) -> asyncio.Task[Subscription]:
        """Begins to subscribe in a task, which may be awaited; arguments as for `subscribe`."""
        return self._task(self.subscribe(topic, qos, callback, hex=hex, timeout=timeout))

    async def unsubscribe(self, topic: str) -> None:
        """Ends all subscriptions of a filter and waits for the broker's answer.

        Args:
            topic: The filter, as in `subscribe`.

        Raises:
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            ModemTimeoutError: The broker did not answer in time.
        """
        await self._run(self._in_loop.unsubscribe(topic))
        self._callbacks.routes.remove_subscribed(topic)
        self._receiver.wake_readers()

    async def _unsubscribe(self, route: Route) -> None:
        if route.live and self._callbacks.routes.is_last(route):
            await self._run(self._in_loop.unsubscribe(route.filter))
        self._callbacks.routes.remove(route)
        self._receiver.wake_readers()

    async def receive(self, timeout: float | None = None) -> Message:
        """Waits for the next message that no callback takes; a cancelled wait loses none.

        Args:
            timeout: Seconds to wait; None waits indefinitely, 0 takes one that has arrived already.

        Returns:
            The message.

        Raises:
            ModemTimeoutError: No message came in time.
            NotConnectedError: `disconnect` was called meanwhile.
            ClosedError: The modem is closed.
            PortError: The port was lost, and all earlier messages have been read.
        """
        return await self._receive(None, timeout)

    async def _receive(self, route: Route | None, timeout: float | None) -> Message:
        timeout = _native.checked_timeout(timeout)
        self._require_open()
        try:
            message = await self._receiver.take(route, timeout, self._receiver.reads_ended)
        except OperationCancelledError:
            raise self._reading_ended() from None
        if message is None:
            raise self._no_message(timeout)
        return message

    def messages(self, timeout: float | None = None) -> AsyncIterator[Message]:
        """Iterates with ``async for`` over the messages that no callback takes, in order.

        Args:
            timeout: Seconds to wait for each message; the iteration ends without one. None waits
                until `disconnect` or `close`; 0 yields messages that have arrived already.

        Raises:
            ClosedError: The modem is closed.
            PortError: The port was lost, and all earlier messages have been read.
        """
        return self._messages(None, timeout)

    def _messages(self, route: Route | None, timeout: float | None) -> AsyncIterator[Message]:
        timeout = _native.checked_timeout(timeout)
        self._require_open()
        return MessageIterator(self._receiver, route, timeout)

    def _require_open(self) -> None:
        _ = self._opened

    def _task(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(coroutine)
        # The loop itself holds tasks weakly.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def wait_for_network(self, timeout: float = 120.0) -> None:
        """Waits for SIM, registration, attachment and address; optional before ``connect()``.

        Args:
            timeout: Seconds it may take.

        Raises:
            ModemTimeoutError: The network was not ready in time; the text names the missing step.
        """
        await self._run(self._in_loop.wait_for_network(timeout))

    async def status(self) -> MqttState:
        """Asks the module for the state of its MQTT client (``AT+MQTTSTAT?``)."""
        return MqttState(await self._run(self._in_loop.status()))

    async def config(self) -> MqttConfig:
        """Reads back the configuration of the module's MQTT client; never the password."""
        return MqttConfig(*await self._run(self._in_loop.config()))

    async def info(self) -> ModemInfo:
        """Reads the model, the firmware and the identities of the module and its SIM card."""
        return ModemInfo(*await self._run(self._in_loop.info()))

    async def signal(self) -> Signal:
        """Reads the quality of the radio signal."""
        return Signal(*await self._run(self._in_loop.signal()))

    async def command(self, line: str, timeout: float | None = None) -> list[str]:
        """Sends an AT command and waits for its final result.

        Args:
            line: The command without the carriage return, such as ``"AT+CSQ"``.
            timeout: Seconds it may take; None is the modem's ``command_timeout``.

        Returns:
            The lines between the command and its ``OK``.

        Raises:
            InvalidArgumentError: The line holds a control character or is too long.
            CommandError: The module answered ``ERROR`` or ``+CME ERROR``.
        """
        hidden, line = Hidden(line), shown_command(line)
        return await self._run(self._in_loop.command(hidden.reveal(), timeout))

    async def wake(self) -> None:
        """Wakes a sleeping module: repeats ``AT`` until it answers, as it loses the first bytes."""
        await self._run(self._in_loop.wake())

    async def reboot(self) -> None:
        """Restarts the module and waits until it answers again; the MQTT client is gone then."""
        await self._run(self._in_loop.reboot())

    async def set_ack_timeout(self, seconds: int) -> None:
        """Sets how long the module waits for an acknowledgement (``AT+MQTTTO``).

        Args:
            seconds: More than 0, less than the keep-alive.
        """
        await self._run(self._in_loop.set_ack_timeout(seconds))

    async def set_ping_report(self, enabled: bool) -> None:
        """Turns the event for every answered ping on or off (``AT+MQTTPING``)."""
        await self._run(self._in_loop.set_ping_report(enabled))

    async def diagnose(self) -> Diagnosis:
        """Checks the module, from its answer to its MQTT state; it changes nothing.

        `m531x.doctor.diagnose` checks the port and a broker as well.
        """
        return Diagnosis._of(await asyncio.to_thread(_native.diagnose_open, self._opened))

    def stats(self) -> Stats:
        """The counters since the modem was opened."""
        if self._native is None:
            return Stats()
        return stats_of(self._native, self._receiver)

    def _after_fork(self) -> None:
        """Invalidates the modem in a forked child: threads and loop exist in the parent only."""
        if not self._closed:
            self._native = invalidate_after_fork(self._native)
            self._event_log = invalidate_after_fork(self._event_log)
            self._receiver.invalidate_after_fork()
            self._closed = True

    @property
    def _opened(self) -> _native.Modem:
        if self._closed:
            if self._native is not None:
                self._native.mqtt_state()  # raises the error that names a fork
            raise ClosedError
        if self._native is None:
            raise ClosedError(NOT_OPEN)
        return self._native

    @property
    def _in_loop(self) -> _native.Modem:
        """The native modem; an error in another event loop than its own."""
        native = self._opened
        assert self._bridge is not None  # noqa: S101 - the bridge is there before the native modem
        if asyncio.get_running_loop() is not self._bridge.loop:
            raise InvalidArgumentError(
                "the modem belongs to another event loop: use it in the one that opened it"
            )
        return native

    def _run(self, operation: AnyOperation[T]) -> asyncio.Future[T]:
        assert self._bridge is not None  # noqa: S101 - an operation exists only with a bridge
        return self._bridge.begin(operation)
