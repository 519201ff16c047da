"""The log of a modem, and its trace of the line."""

from __future__ import annotations

import logging
from collections import deque
from typing import Final

from m531x import _native
from m531x._constants import EventKind, MqttState
from m531x._errors import InvalidArgumentError
from m531x.recording import Trace, TraceEntry

__all__ = ["EventLog", "lines_to_keep"]

_LOG: Final = logging.getLogger("m531x")
_WIRE: Final = logging.getLogger("m531x.wire")
_LOG.addHandler(logging.NullHandler())

# Many times the lines that pass between two calls of `pump`, a few milliseconds apart.
_LINES_FOR_LOG = 4096

_LEVELS: Final = {
    EventKind.CONNECTED: logging.INFO,
    EventKind.DISCONNECTED: logging.WARNING,
    EventKind.STATE_CHANGED: logging.INFO,
    EventKind.DROPPED: logging.WARNING,
    EventKind.REBOOTED: logging.WARNING,
    EventKind.PORT_LOST: logging.ERROR,
}


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
        for number, _, kind, text in self._native.trace(self._next):
            if number != self._next:
                _WIRE.debug("%s: %d lines were not logged", self._port, number - self._next)
            self._next = number + 1
            _WIRE.debug("%s %s %s", self._port, ">" if kind == "command" else "<", text)

    def warn_of_block(self) -> None:
        """Warns of ``overflow="block"`` where bytes are lost while the port is not read."""
        if self._native.is_serial_line():
            _LOG.warning(
                '%s: overflow="block" on a serial line without flow control: once the mailbox is '
                "full, bytes are lost, and with them parts of messages and answers; take messages "
                'in time, or use overflow="drop_oldest"',
                self._port,
            )

    def note(self, kind: int, value: int, text: str, timestamp: float) -> None:
        """Logs an event, and keeps a change of state for the trace."""
        if kind == EventKind.STATE_CHANGED and self._size:
            state = f"{MqttState(value)}: {text}" if text else str(MqttState(value))
            self._states.append(TraceEntry(timestamp, "state", state))
        level = _LEVELS.get(EventKind(kind), logging.DEBUG)
        if _LOG.isEnabledFor(level):
            shown = str(MqttState(value)) if kind == EventKind.STATE_CHANGED else ""
            parts = [str(EventKind(kind)), *filter(None, (shown, text))]
            _LOG.log(level, "%s: %s", self._port, ": ".join(parts))

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
