"""The modem: a serial port with a module behind it, as an MQTT client."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import warnings
import weakref
from types import TracebackType
from typing import Literal

from m531x import _native, _recovery
from m531x._callback_registry import CallbackRegistry
from m531x._connection import ConnectionCommands
from m531x._dispatcher import Dispatcher
from m531x._errors import ClosedError
from m531x._event_log import EventLog, lines_to_keep
from m531x._fork import invalidate_after_fork, watch_forks
from m531x._html import modem_table
from m531x._info import Info, stats_of
from m531x._module import ModuleCommands
from m531x._outbox import Outbox
from m531x._outbox import parts as outbox_parts
from m531x._ports import port_name
from m531x._publishing import Publishing
from m531x._subscribing import Subscribing
from m531x._trace import Trace
from m531x._types import Recovery, Stats
from m531x._virtual_modem import VirtualModem
from m531x.recording import file_name

__all__ = ["Modem"]

_VIRTUAL = "virtual://"


class Modem(ConnectionCommands, Publishing, Subscribing, ModuleCommands, Info):
    """A module at a serial port, used as an MQTT client.

    Opening runs the start-up dialogue: the module is asked until it answers, echo is turned off,
    error numbers are turned on and the model is found out. `connect` comes next.

    Every method may be called by any thread, callbacks included; each waits for its own answer.
    Ctrl-C ends any wait in the main thread at once. Callbacks run one after the other on one thread
    of the modem's own, in the order of arrival, with no lock held.

    Args:
        port: ``"/dev/ttyUSB0"`` (a path will do too), ``"COM5"``, ``"usb:SERIAL"`` for
            the USB adapter with this serial number, ``"tcp://host:port"`` and
            ``"rfc2217://host:port"`` for a serial server without and with control of its port, or
            ``"virtual://"`` for a virtual modem with a broker of its own in this process.
        model: ``"M5310-A"``, ``"M5311"``, ``"M5312"``, ``"M5313"`` ...; ``"auto"`` asks the module.
        baudrate: Bits per second; None is the model's, and with ``"auto"`` tries 9600 and 115200.
        open_timeout: Seconds that the opening may take, whatever the port and model; 0 tries
            everything once, which takes 3 s at most.
        command_timeout: Seconds that a command may take, unless it is known to take longer.
        guard_time: Least pause in seconds between an answer and the next command; None is the
            model's on a serial line and none elsewhere.
        queue_size: How many messages and events may wait to be received.
        overflow: What happens beyond that: ``"block"`` stops reading the port until there is room,
            ``"drop_oldest"`` and ``"drop_newest"`` drop, and count it in `stats`.
        max_waiting: How many operations may wait or be under way, those of `publish_nowait`
            included; beyond that they raise `QueueFullError`. An outbox has limits of its own.
        trace: How many of the last lines on the port to keep for `trace`; 0 keeps none.
        recovery: How a lost connection, or a port that vanished, is made again, subscriptions
            included; None leaves it lost. Unfinished publishes of QoS 1 and 2 are sent again.
        outbox: An `Outbox`, or the path of its file, in which publishes of QoS 1 and 2 are kept
            until they are acknowledged, over the end of the process; None keeps them in memory.
        record: A file into which the session is recorded from its first byte on; see `record`.

    Raises:
        InvalidArgumentError: An unknown model, a malformed port, a number out of range.
        PortError: There is no such port, it is in use, or it may not be opened.
        ModemTimeoutError: Nothing at the port answers.
        OutboxError: The outbox's file is in use, damaged, or cannot be opened.

    Example:
        >>> import m531x
        >>> with m531x.Modem("virtual://") as modem:
        ...     modem.connect("broker.example", client_id="meter-17")
        ...     room = modem.subscribe("room/+/temperature", qos=1)
        ...     receipt = modem.publish("room/1/temperature", "21.5", qos=1)
        ...     message = next(room.messages(timeout=5))
        ...     print(message.topic, message.text)
        room/1/temperature 21.5
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
        """Opens the port and runs the start-up dialogue."""
        options = _native.ModemOptions(
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
        self._port = port = port_name(port)
        self._virtual: VirtualModem | None = None
        if port == _VIRTUAL:
            self._virtual = VirtualModem._in_memory("M5310-A" if model == "auto" else model, None)
            try:
                self._native = _native.Modem.open_virtual(self._virtual._native, options)
            except BaseException:
                self._virtual.close()
                raise
        else:
            self._native = _native.Modem.open(port, options)
        self._closed = False
        self._closing = threading.Lock()
        self._event_log = EventLog(self._native, port, trace)
        self._callbacks = CallbackRegistry()
        self._dispatcher = Dispatcher(
            self._native, self._callbacks, queue_size, overflow, self._event_log
        )
        self._dispatcher.start()
        _open_modems.add(self)
        watch_forks(self)

    def stats(self) -> Stats:
        """The counters since the modem was opened."""
        return stats_of(self._native, self._dispatcher)

    def trace(self) -> Trace:
        """The last lines and changes of state, oldest first, without passwords and PINs.

        Raises:
            InvalidArgumentError: The modem was opened without ``trace``.

        Example:
            >>> import m531x
            >>> with m531x.Modem("virtual://", trace=100) as modem:
            ...     _ = modem.command("AT+CSQ")
            ...     print([entry.text for entry in modem.trace() if entry.kind == "command"][-1])
            AT+CSQ
        """
        return self._event_log.trace()

    def close(self) -> None:
        """Closes the port and ends every wait of every thread; closing again does nothing.

        The module is told nothing: a broker keeps the client until its keep-alive is over. Call
        `disconnect` first to leave it properly. Inside a callback it returns at once, and that
        callback is the last; elsewhere it waits for a callback that is running, a second at most.
        """
        with self._closing:
            if self._closed:
                return
            self._closed = True
        _open_modems.discard(self)
        self._native.close()
        self._dispatcher.stop()
        if self._virtual is not None:
            self._virtual.close()

    def __enter__(self) -> Modem:
        """Itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes it."""
        self.close()

    def __repr__(self) -> str:
        """The port and the state."""
        if not hasattr(self, "_closed"):
            # A traceback of an opening that failed shows what there is of it.
            return "<m531x.Modem not open>"
        state = "closed" if self._closed else self.mqtt_state()
        return f"<m531x.Modem {self._port!r} {state}>"

    def _repr_html_(self) -> str:
        return modem_table("m531x.Modem", self)

    def __del__(self) -> None:
        """Closes what nobody closed, and says so."""
        if not getattr(self, "_closed", True):
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
            self.close()

    def _after_fork(self) -> None:
        """In the child: the threads of the modem are the parent's."""
        if not self._closed:
            self._native = invalidate_after_fork(self._native)
            self._event_log = invalidate_after_fork(self._event_log)
            self._callbacks = CallbackRegistry()
            self._dispatcher.invalidate_after_fork()
            self._closing = threading.Lock()
            self._closed = True

    def _require_open(self) -> None:
        if self._closed:
            self._native.mqtt_state()  # tells of a fork
            raise ClosedError


_open_modems: weakref.WeakSet[Modem] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """No callback runs, and no thread waits in the native module, while the interpreter goes."""
    for modem in list(_open_modems):
        with contextlib.suppress(Exception):
            modem.close()
