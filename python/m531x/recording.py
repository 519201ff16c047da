"""Recording a session, and playing the recording again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

from m531x import _native
from m531x._errors import ArgumentTypeError, InvalidArgumentError
from m531x._types import Event, EventKind

__all__ = ["Recording", "RecordingStats", "ReplayItem", "record", "replay"]

_LEAST = 64 * 1024


@dataclass(frozen=True)
class RecordingStats:
    """How much was recorded.

    Attributes:
        entries: Lines that were written.
        bytes: Bytes that were written.
        dropped: What the disk was too slow for; the file says where.
    """

    entries: int
    bytes: int
    dropped: int


class Recording:
    """A recording under way; `Modem.record` begins it, ``with`` or `finish` ends it.

    It ends with the modem too.
    """

    def __init__(self, native: _native.Recording) -> None:
        """Made by `Modem.record`."""
        self._native = native

    @property
    def path(self) -> str:
        """The file."""
        return os.fspath(self._native.path)

    @property
    def finished(self) -> bool:
        """Whether it has ended."""
        return self._native.finished

    def stats(self) -> RecordingStats:
        """How much was recorded so far."""
        return RecordingStats(*self._native.stats())

    def finish(self) -> RecordingStats:
        """Ends the recording; everything that passed is in the file then. Harmless when repeated.

        Raises:
            RecordingError: The file could not be written, a full disk for one.
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


def record(native: _native.Modem, path: str | os.PathLike[str], limit: int) -> Recording:
    """Begins to record; `Modem.record` calls it."""
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise ArgumentTypeError(f"limit is {type(limit).__name__}: give bytes, {_LEAST} or more")
    if not _LEAST <= limit < 2**63:
        raise InvalidArgumentError(f"limit is {limit}: give bytes, {_LEAST} or more")
    return Recording(_native.Recording.start(native, file_name("path", path), limit))


def file_name(name: str, path: str | os.PathLike[str]) -> str:
    """The name of a file that may be given as a path."""
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    _native.check_text(name, path)
    return path


@dataclass(frozen=True)
class ReplayItem:
    """Something that came of a recording.

    Attributes:
        at: Seconds since the start of the recording.
        line: The number of the recording's line that it came of, counted from 1.
        kind: ``"message"``, ``"event"``, ``"request"`` (an operation was asked for), ``"result"``
            (it has ended), ``"sent"`` and ``"received"`` (bytes), ``"note"``, or ``"difference"``
            where something else than recorded was sent or came out.
        text: The request, the result, the escaped bytes, the note or the difference.
        operation: The number of a request or a result.
        error: The name of the error that a result is; None for success.
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
    """Plays a recording again through the driver's session, on a clock that takes no time.

    The same recording gives the same items every time. Where a newer library sends or makes
    something else than was recorded, an item of kind ``"difference"`` says so.

    Args:
        path: The file of `Modem.record`, ``Modem(..., record=...)`` or ``m531x record``.

    Raises:
        RecordingError: There is no such file, or a line of it is not of the format.

    Example:
        >>> import m531x, pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "field.rec"
        >>> with m531x.Modem("virtual://", record=path) as modem:
        ...     _ = modem.signal()
        >>> [item.text for item in m531x.replay(path) if item.kind == "result"][-1]
        'ok rssi_dbm=-67'
    """
    return _items(_native.Replay(file_name("path", path)))


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
