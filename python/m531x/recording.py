"""Recordings, traces and transcripts of the traffic between computer and module.

`Modem.record` writes a recording, and `replay` replays it. `Modem.trace` returns the last lines of
a modem, and `VirtualModem.transcript` those of a virtual modem.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, SupportsIndex, overload

from m531x import _native
from m531x._constants import EventKind
from m531x._errors import ArgumentTypeError, InvalidArgumentError
from m531x._frames import frame
from m531x._half_built import shows_half_built
from m531x._ports import path_text
from m531x._types import Event

__all__ = [
    "Recording",
    "RecordingStats",
    "ReplayItem",
    "Trace",
    "TraceEntry",
    "TranscriptEntry",
    "replay",
]

_LEAST = 64 * 1024
# Entries of a trace that a notebook shows.
_SHOWN = 200


@dataclass(frozen=True)
class RecordingStats:
    """The size of a recording.

    Attributes:
        entries: Lines written.
        bytes: Bytes written.
        dropped: Lines for which the disk was too slow; the file marks the places.
    """

    entries: int
    bytes: int
    dropped: int


@shows_half_built
class Recording:
    """A running recording; `Modem.record` begins it, ``with`` or `finish` ends it.

    Closing the modem ends it too.
    """

    def __init__(self, native: _native.Recording) -> None:
        """`Modem.record` makes it."""
        self._native = native

    @classmethod
    def _start(cls, native: _native.Modem, path: str | os.PathLike[str], limit: int) -> Recording:
        """Begins to record; `Modem.record` calls it."""
        if isinstance(limit, bool) or not isinstance(limit, int):
            raise ArgumentTypeError(
                f"limit is {type(limit).__name__}: give bytes, {_LEAST} or more"
            )
        if not _LEAST <= limit < 2**63:
            raise InvalidArgumentError(f"limit is {limit}: give bytes, {_LEAST} or more")
        return cls(_native.Recording.start(native, path_text("path", path), limit))

    @property
    def path(self) -> str:
        """The file."""
        return os.fspath(self._native.path)

    @property
    def finished(self) -> bool:
        """Whether it has ended."""
        return self._native.finished

    def stats(self) -> RecordingStats:
        """The size of the recording so far."""
        return RecordingStats(*self._native.stats())

    def finish(self) -> RecordingStats:
        """Writes everything that has passed to the file and ends the recording; may be repeated.

        Raises:
            RecordingError: The file could not be written, for instance because the disk is full.
        """
        return RecordingStats(*self._native.finish())

    def __enter__(self) -> Recording:
        """Itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends it."""
        self.finish()

    def __repr__(self) -> str:
        """The file and how much is in it."""
        state = "finished" if self.finished else "running"
        return f"<m531x.Recording path={self.path!r} {state}, {self.stats().entries} lines>"


@dataclass(frozen=True)
class ReplayItem:
    """One result of replaying a recording.

    Attributes:
        at: Seconds since the start of the recording.
        line: The number of the line in the recording, counted from 1.
        kind: ``"message"``, ``"event"``, ``"request"`` (an operation was requested), ``"result"``
            (it has ended), ``"sent"`` and ``"received"`` (bytes), ``"note"``, or ``"difference"``
            where the replay sends or returns something else than was recorded.
        text: The request, the result, the escaped bytes, the note or the difference.
        operation: The number of a request or a result.
        error: The name of the error of a result; None for success.
        message: The message.
        event: The event.
    """

    at: float
    line: int
    kind: str
    text: str = ""
    operation: int | None = None
    error: str | None = None
    message: _native.Message | None = None
    event: Event | None = None


def replay(path: str | os.PathLike[str]) -> Iterator[ReplayItem]:
    """Replays a recording through the driver's session, on a clock that takes no time.

    The same recording yields the same items every time. Where a newer library sends or returns
    something else than was recorded, an item of kind ``"difference"`` reports it.

    Args:
        path: The file of `Modem.record`, ``Modem(..., record=...)`` or ``m531x record``.

    Raises:
        RecordingError: The file does not exist, or one of its lines has another format.

    Examples:
        >>> import m531x, pathlib, tempfile
        >>> from m531x import recording
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "field.rec"
        >>> with m531x.Modem("virtual://", record=path) as modem:
        ...     _ = modem.signal()
        >>> [item.text for item in recording.replay(path) if item.kind == "result"][-1]
        'ok rssi_dbm=-67'
    """
    return _items(_native.Replay(path_text("path", path)))


def _items(native: _native.Replay) -> Iterator[ReplayItem]:
    while (parts := native.next()) is not None:
        at, line, kind, operation, text, error, arrival = parts
        message = event = None
        if isinstance(arrival, _native.Message):
            message = arrival
        elif arrival is not None:
            number, value, words, timestamp = arrival
            event = Event(EventKind(number), value, words, timestamp)
        yield ReplayItem(at, line, kind, text, operation, error, message, event)


@dataclass(frozen=True)
class TraceEntry:
    """One line that passed on the port, or one change of state; passwords and PINs are ``***``.

    Attributes:
        timestamp: The time, in seconds since 1970 (as `time.time`).
        kind: ``"command"`` went to the module; ``"answer"``, ``"urc"`` and ``"message"`` came from
            it; ``"state"`` is a change of the state of the MQTT connection.
        text: The line, with control characters escaped, or the new state.
    """

    timestamp: float
    kind: Literal["command", "answer", "urc", "message", "state"]
    text: str


class Trace(list[TraceEntry]):
    """The entries in the order of time; a list, which notebooks show as a table.

    A slice of it is a trace as well.

    Examples:
        >>> import m531x
        >>> with m531x.Modem("virtual://", trace=100) as modem:
        ...     _ = modem.command("AT+CGMM")
        ...     trace = modem.trace()
        >>> [(entry.kind, entry.text) for entry in trace[-3:]]
        [('command', 'AT+CGMM'), ('answer', 'M5310-A'), ('answer', 'OK')]
    """

    @overload
    def __getitem__(self, index: SupportsIndex) -> TraceEntry: ...
    @overload
    def __getitem__(self, index: slice) -> Trace: ...
    def __getitem__(self, index: SupportsIndex | slice) -> TraceEntry | Trace:
        """An entry, or a part of the trace."""
        if isinstance(index, slice):
            return Trace(super().__getitem__(index))
        return super().__getitem__(index)

    def to_pandas(self) -> Any:
        """As a `pandas.DataFrame` with the columns ``timestamp`` (UTC), ``kind`` and ``text``.

        Raises:
            M531xError: pandas is not installed.
        """
        return frame(self, ("timestamp", "kind", "text"))

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><td>{datetime.fromtimestamp(entry.timestamp):%H:%M:%S.%f}</td>"
            f"<td>{entry.kind}</td>"
            f"<td style='text-align:left'><code>{html.escape(entry.text)}</code></td></tr>"
            for entry in self[-_SHOWN:]
        ]
        more = len(self) - len(rows)
        note = f"<caption>the last {_SHOWN} of {len(self)} entries</caption>" if more else ""
        return (
            f"<table>{note}<tr><th>time</th><th>kind</th><th>text</th></tr>{''.join(rows)}</table>"
        )


@dataclass(frozen=True)
class TranscriptEntry:
    """One piece of the traffic of a virtual modem; passwords and PINs are ``***``.

    Attributes:
        at: Seconds since the virtual modem started.
        direction: Whether it went to the module or came from it.
        text: The text, with control characters escaped.
    """

    at: float
    direction: Literal["to module", "from module"]
    text: str
