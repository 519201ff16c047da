"""The modem for asyncio."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Generator
from types import TracebackType
from typing import Any, Literal

from m531x import _native, _recovery
from m531x._callback_registry import CallbackRegistry
from m531x._errors import ClosedError, InvalidArgumentError
from m531x._event_log import EventLog, lines_to_keep
from m531x._fork import invalidate_after_fork, watch_forks
from m531x._html import modem_table
from m531x._info import Info, stats_of
from m531x._outbox import Outbox
from m531x._outbox import parts as outbox_parts
from m531x._ports import port_name
from m531x._trace import Trace
from m531x._types import Recovery, Stats
from m531x._virtual_modem import VirtualModem
from m531x.aio._connection import ConnectionCommands
from m531x.aio._loop_bridge import LoopBridge
from m531x.aio._module import ModuleCommands
from m531x.aio._publishing import Publishing
from m531x.aio._receiver import Receiver
from m531x.aio._subscribing import Subscribing
from m531x.recording import file_name

__all__ = ["Modem"]

_VIRTUAL = "virtual://"
_NOT_OPEN = "the modem is not open yet: use `async with`, or await it"


class Modem(ConnectionCommands, Publishing, Subscribing, ModuleCommands, Info):
    """A module at a serial port, used as an MQTT client from a coroutine.

    The arguments are those of `m531x.Modem`. The port is opened by ``async with``, or by awaiting
    the modem: ``modem = await aio.Modem(port)``. It belongs to the event loop that opened it and is
    to be used in that loop's thread; many tasks may use it at once, each gets its own answer.

    Cancelling a coroutine (by ``asyncio.timeout``, for instance) gives its operation up and leaves
    the modem usable. What was sent cannot be taken back: a publish that was cancelled may still
    have reached the broker.

    Callbacks are plain functions or coroutine functions. They run in the event loop, one after the
    other in the order of arrival: the next begins when the one before has returned, awaiting
    included. They may use the modem. An exception goes to the loop's exception handler and is
    counted in ``stats().callback_errors``.

    Args:
        port: ``"/dev/ttyUSB0"``, ``"COM5"``, ``"tcp://host:port"`` and ``"rfc2217://host:port"``
            for a serial server without and with control of its port, or ``"virtual://"`` for a
            virtual modem with a broker of its own in this process.
        model: As for `m531x.Modem`, and so are the others.
        baudrate: Bits per second; None is the model's.
        open_timeout: Seconds that the opening may take.
        command_timeout: Seconds that a command may take, unless it is known to take longer.
        guard_time: Least pause in seconds between an answer and the next command.
        queue_size: How many messages and events may wait to be received.
        overflow: What happens beyond that.
        max_waiting: How many operations may wait or be under way.
        trace: How many of the last lines on the port to keep for `trace`.
        recovery: How a lost connection or port is made again; None leaves it lost.
        outbox: Keeps publishes of QoS 1 and 2 on disk; None keeps them in memory. The loop waits
            for the disk with each publish, a few milliseconds.
        record: A file into which the session is recorded from its first byte on.

    Raises:
        InvalidArgumentError: An unknown model, a number out of range.

    Example:
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

    def __init__(
        self,
        port: str | os.PathLike[str],
        *,
        model: str = "auto",
        baudrate: int | None = None,
        open_timeout: float = 10.0,
        command_timeout: float = 10.0,
        guard_time: float | None = None,
        queue_size: int = 10_000,
        overflow: Literal["block", "drop_oldest", "drop_newest"] = "block",
        max_waiting: int = 10_000,
        trace: int = 0,
        recovery: Recovery | None = _recovery.DEFAULT,
        outbox: Outbox | str | os.PathLike[str] | None = None,
        record: str | os.PathLike[str] | None = None,
    ) -> None:
        """Checks the arguments; nothing is opened yet."""
        self._options = _native.ModemOptions(
            model,
            baudrate,
            open_timeout,
            command_timeout,
            guard_time,
            queue_size,
            overflow,
            max_waiting,
            lines_to_keep(trace),
            _recovery.parts(recovery),
            outbox_parts(outbox),
            None if record is None else file_name("record", record),
        )
        self._model = model
        self._port = port_name(port)
        self._trace_size = trace
        self._event_log: EventLog | None = None
        self._virtual: VirtualModem | None = None
        self._bridge: LoopBridge | None = None
        self._native: _native.Modem | None = None
        self._open_starter: _native.Starter | None = None
        self._closed = False
        self._callbacks = CallbackRegistry()
        self._receiver = Receiver(self._callbacks, queue_size, overflow)

    async def open(self) -> None:
        """Opens the port and runs the start-up dialogue; ``async with`` does it.

        Raises:
            PortError: There is no such port, it is in use, or it may not be opened.
            ModemTimeoutError: Nothing at the port answers.
            ClosedError: It was opened before: make a new one.
        """
        if self._closed or self._bridge is not None:
            raise ClosedError("a modem is opened once: make a new one with the same arguments")
        bridge = self._bridge = LoopBridge(self._receiver.arrived)
        try:
            if self._port == _VIRTUAL:
                model = "M5310-A" if self._model == "auto" else self._model
                self._virtual = VirtualModem._in_memory(model, None)
                opening = _native.Starter.open_virtual(
                    bridge.ready, self._virtual._native, self._options
                )
            else:
                opening = _native.Starter.open(bridge.ready, self._port, self._options)
            native: _native.Modem = await bridge.begin(opening)
        except BaseException:
            self._closed = True
            bridge.close()
            if self._virtual is not None:
                self._virtual.close()
            raise
        self._native = native
        self._open_starter = _native.Starter(native, bridge.ready)
        watch_forks(self)
        self._event_log = EventLog(native, self._port, self._trace_size)
        self._receiver.start(self._open_starter.fetch, self._event_log, native.set_password)

    async def close(self) -> None:
        """Closes the port; every coroutine that waits gets `ClosedError`. Again does nothing.

        The module is told nothing: a broker keeps the client until its keep-alive is over. Await
        `disconnect` first to leave it properly. A callback that is running may finish, within a
        second; a callback that closes is the last.
        """
        starter, bridge = self._open_starter, self._bridge
        if self._closed or starter is None or bridge is None:
            self._closed = True
            return
        self._closed = True
        try:
            await bridge.begin(starter.close())
        finally:
            self._receiver.end()
            bridge.close()
            if self._virtual is not None:
                self._virtual.close()
        await self._receiver.stop()

    def __await__(self) -> Generator[Any, None, Modem]:
        """Opens it and gives it."""
        yield from self.open().__await__()
        return self

    async def __aenter__(self) -> Modem:
        """Opens it, unless that was done."""
        if self._open_starter is None:
            await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes it."""
        await self.close()

    def __repr__(self) -> str:
        """The port and the state."""
        if self._closed:
            state = "closed"
        else:
            state = "not open" if self._native is None else str(self.mqtt_state())
        return f"<m531x.aio.Modem {self._port!r} {state}>"

    def _repr_html_(self) -> str:
        return modem_table("m531x.aio.Modem", self)

    def __del__(self) -> None:
        """Closes what nobody closed, and says so."""
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
        if self._virtual is not None:
            self._virtual.close()

    def stats(self) -> Stats:
        """The counters since the modem was opened."""
        if self._native is None:
            return Stats()
        return stats_of(self._native, self._receiver)

    def trace(self) -> Trace:
        """The last lines and changes of state, oldest first, without passwords and PINs.

        Raises:
            InvalidArgumentError: The modem was opened without ``trace``.
        """
        if self._event_log is None:
            raise ClosedError(_NOT_OPEN)
        return self._event_log.trace()

    def _after_fork(self) -> None:
        """In the child: the threads of the modem are the parent's, and so is the loop."""
        if not self._closed:
            self._native = invalidate_after_fork(self._native)
            self._open_starter = invalidate_after_fork(self._open_starter)
            self._event_log = invalidate_after_fork(self._event_log)
            self._receiver.end(ClosedError(_native.FORKED))
            self._closed = True

    @property
    def _opened(self) -> _native.Modem:
        if self._closed:
            if self._native is not None:
                self._native.mqtt_state()  # tells of a fork
            raise ClosedError
        if self._native is None:
            raise ClosedError(_NOT_OPEN)
        return self._native

    @property
    def _starter(self) -> _native.Starter:
        _ = self._opened
        assert self._open_starter is not None  # noqa: S101 - set together with the native modem
        return self._open_starter

    def _begin(self, operation: _native.Operation) -> asyncio.Future[Any]:
        assert self._bridge is not None  # noqa: S101 - whoever has an operation has a bridge
        if asyncio.get_running_loop() is not self._bridge.loop:
            operation.abandon()
            raise InvalidArgumentError(
                "the modem belongs to another event loop: use it in the one that opened it"
            )
        return self._bridge.begin(operation)
