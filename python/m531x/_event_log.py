"""The log of a modem, and its trace of the line."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from m531x import _native
from m531x._callbacks import name_of
from m531x._constants import EventKind, MqttState
from m531x._errors import InvalidArgumentError, M531xError
from m531x.recording import Trace, TraceEntry

__all__ = ["EventLog", "lines_to_keep"]

_LOG: Final = logging.getLogger("m531x")
_WIRE: Final = logging.getLogger("m531x.wire")
_LOG.addHandler(logging.NullHandler())

# Many times the lines that pass between two calls of `pump`, a few milliseconds apart.
_LINES_FOR_LOG = 4096

# The native module names them by the numbers of syslog.
_LEVELS: Final = {3: logging.ERROR, 4: logging.WARNING, 6: logging.INFO, 7: logging.DEBUG}


def lines_to_keep(trace: int) -> int:
    """The number of lines that the native module must keep for trace and log."""
    if isinstance(trace, int) and _WIRE.isEnabledFor(logging.DEBUG):
        return max(trace, _LINES_FOR_LOG)
    return trace


class EventLog:
    """Logs events and the line, and makes the trace.

    The native module keeps the lines, redacted. The consumer of its queue calls `pump`, so that
    handlers of `logging` run on a thread of Python.
    """

    def __init__(self, native: _native.Modem, port: str, trace: int) -> None:
        """Logs the line if ``m531x.wire`` is enabled for DEBUG now."""
        self._native = native
        self._port = port
        self._size = trace
        self._states: deque[TraceEntry] = deque(maxlen=max(trace, 0))
        self._next = 0
        self._logs_wire = _WIRE.isEnabledFor(logging.DEBUG)
        if self._logs_wire:
            native.wake_for_trace()
            self.pump()

    def pump(self) -> None:
        """Logs the lines that have passed since the last call."""
        if not self._logs_wire:
            return
        for number, timestamp, kind, text in self._native.trace(self._next):
            if number != self._next:
                missing = number - self._next
                _log(
                    _WIRE,
                    logging.DEBUG,
                    timestamp,
                    "%s: %d lines were not logged",
                    self._port,
                    missing,
                )
            self._next = number + 1
            arrow = ">" if kind == "command" else "<"
            _log(_WIRE, logging.DEBUG, timestamp, "%s %s %s", self._port, arrow, text)

    def warn_of_block(self) -> None:
        """Warns of ``overflow="block"`` where bytes are lost while the port is not read."""
        if self._native.is_serial_line():
            _LOG.warning(
                '%s: overflow="block" on a serial line without flow control: once the mailbox is '
                "full, bytes are lost, and with them parts of messages and answers; take messages "
                'in time, or use overflow="drop_oldest"',
                self._port,
            )

    def warn_of_lines(self) -> None:
        """Warns of ``dtr`` and ``rts`` where there are no such lines."""
        if not self._native.is_serial_line():
            _LOG.warning("%s: dtr and rts have no effect: it has no such lines", self._port)

    def note(self, kind: int, value: int, text: str, timestamp: float) -> None:
        """Logs an event, and keeps a change of state for the trace."""
        if kind == EventKind.STATE_CHANGED and self._size:
            state = f"{MqttState(value)}: {text}" if text else str(MqttState(value))
            self._states.append(TraceEntry(timestamp, "state", state))
        level = _LEVELS[_native.log_level(kind, value)]
        if _LOG.isEnabledFor(level):
            line = _native.log_line(kind, value, text)
            _log(_LOG, level, timestamp, "%s: %s", self._port, line)

    def warn_of_callback(self, callbacks: Iterable[Callable[..., object]], seconds: float) -> None:
        """Warns of a callback that does not return, behind which messages and events wait."""
        try:
            stats = self._native.stats()
        except M531xError:
            return
        names = " or ".join(name_of(callback) for callback in callbacks)
        _LOG.warning(
            "%s: a callback%s has been running for over %g s, and %d messages and events wait "
            "behind it: let callbacks return soon, and move long work to a thread or task",
            self._port,
            f" ({names})" if names else "",
            seconds,
            stats["queued"] + stats["queued_events"],
        )

    def trace(self) -> Trace:
        """The lines and states that were kept.

        Raises:
            InvalidArgumentError: The modem was opened without a trace.
        """
        if not self._size:
            raise InvalidArgumentError(
                "the modem keeps no trace: open it with trace=1000 to keep the last 1000 lines"
            )
        lines = self._native.trace(0)[-self._size :]
        entries = [TraceEntry(timestamp, kind, text) for _, timestamp, kind, text in lines]
        first = entries[0].timestamp if entries else 0.0
        states = [entry for entry in list(self._states) if entry.timestamp >= first]
        return Trace(sorted(entries + states, key=lambda entry: entry.timestamp))


def _log(logger: logging.Logger, level: int, timestamp: float, text: str, *args: object) -> None:
    """Logs with the time of the event: the thread that logs may come much later."""
    if not logger.isEnabledFor(level):
        return
    record = logger.makeRecord(logger.name, level, __file__, 0, text, args, None, "m531x")
    record.relativeCreated += (timestamp - record.created) * 1000
    record.created = timestamp
    record.msecs = timestamp % 1 * 1000
    logger.handle(record)
