"""A table of a modem in a notebook that keeps itself up to date."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections import deque
from types import TracebackType
from typing import Any, Final

from m531x._errors import ArgumentTypeError, ClosedError, InvalidArgumentError, M531xError
from m531x._html import table
from m531x._modem import Modem
from m531x._optional import optional
from m531x.doctor import Signal

__all__ = ["Live", "live"]

# The strengths that AT+CSQ can report, in dBm (3GPP TS 27.007).
_WEAKEST: Final = -113
_STRONGEST: Final = -51
_BARS: Final = "▁▂▃▄▅▆▇█"
_SHOWN_SIGNALS: Final = 40
_KEPT_SIGNALS: Final = 10_000
_LAST_REFRESH_S: Final = 2.0


class Live:
    """A display that `live` keeps up to date.

    Attributes:
        signals: The samples of the signal so far, with their times as `time.time`:
            `m531x.plot.signal` draws them.
    """

    def __init__(
        self, modem: Modem, every: float, signal_every: float | None, messages: int
    ) -> None:
        """`live` makes it."""
        self.signals: deque[tuple[float, Signal]] = deque(maxlen=_KEPT_SIGNALS)
        self._modem: weakref.ref[Modem] = weakref.ref(modem)
        self._port = modem.port
        self._every = every
        self._signal_every = signal_every
        self._messages = messages
        self._next_signal = time.monotonic()
        self._last: tuple[float, int] | None = None
        self._stopped = threading.Event()
        self._display: Any = None
        self._thread = threading.Thread(target=self._run, name="m531x-live", daemon=True)

    @property
    def running(self) -> bool:
        """Whether it still refreshes."""
        return self._thread.is_alive() and not self._stopped.is_set()

    def stop(self) -> None:
        """Ends the refreshing; the display stays as it is. Stopping again does nothing."""
        self._stopped.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_LAST_REFRESH_S)

    def __enter__(self) -> Live:
        """Itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stops it."""
        self.stop()

    def __repr__(self) -> str:
        """The port and whether it runs."""
        return f"<m531x.Live {self._port!r} {'running' if self.running else 'stopped'}>"

    def _begin(self, html: Any, display: Any) -> None:
        """Shows the first table and starts the thread."""
        self._display = display(html(self._table()), display_id=True)
        self._html = html
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            self._sample()
            if self._display is not None:
                self._display.update(self._html(self._table()))
            modem = self._modem()
            if modem is None or modem.closed:
                return
            # Only the caller keeps the modem alive.
            del modem

    def _sample(self) -> None:
        modem = self._modem()
        if modem is None or self._signal_every is None or time.monotonic() < self._next_signal:
            return
        self._next_signal = time.monotonic() + self._signal_every
        # A module that does not answer now is the subject of the table, not its end.
        with contextlib.suppress(M531xError):
            self.signals.append((time.time(), modem.signal()))

    def _table(self) -> str:
        rows: list[tuple[str, object]] = [("port", self._port)]
        modem = self._modem()
        if modem is None or modem.closed:
            rows.append(("state", "closed"))
        else:
            with contextlib.suppress(ClosedError):
                rows += self._rows(modem)
        return table("m531x.live", rows)

    def _rows(self, modem: Modem) -> list[tuple[str, object]]:
        stats = modem.stats()
        rows: list[tuple[str, object]] = [
            ("state", modem.state),
            ("signal", _shown_signals(list(self.signals)[-_SHOWN_SIGNALS:])),
            ("messages", f"{stats.messages}, {self._rate(stats.messages):.1f} a second"),
            ("published", stats.published),
            ("dropped", stats.dropped or None),
        ]
        if stats.outbox is not None:
            rows.append(("outbox", f"{stats.outbox.messages} waiting, {stats.outbox.sent} sent"))
        try:
            lines = [entry.text for entry in modem.trace() if entry.kind == "message"]
        except InvalidArgumentError:
            rows.append(("last messages", "open the modem with trace=1000 to see them"))
        else:
            names = ["last messages"] + [""] * len(lines)
            rows += zip(names, reversed(lines[-self._messages :]), strict=False)
        return rows

    def _rate(self, messages: int) -> float:
        now = time.monotonic()
        last, self._last = self._last, (now, messages)
        if last is None or now <= last[0]:
            return 0.0
        return (messages - last[1]) / (now - last[0])


def live(
    modem: Modem, *, every: float = 1.0, signal_every: float | None = 10.0, messages: int = 5
) -> Live:
    """Shows a modem in a notebook: state, signal, messages a second, outbox, last messages.

    The table refreshes itself on a thread until `Live.stop`, or until the modem is closed. It takes
    no message from any consumer: the last messages are those of the trace, so open the modem with
    ``trace=1000``.

    Args:
        modem: The modem, open or closed.
        every: Seconds between two refreshes.
        signal_every: Seconds between two questions to the module for its signal (``AT+CSQ``); None
            asks for none.
        messages: How many messages to show.

    Raises:
        ArgumentTypeError: `modem` is not a `Modem`.
        InvalidArgumentError: A number is out of range.
        M531xError: IPython is not installed.
    """
    if not isinstance(modem, Modem):
        raise ArgumentTypeError(f"modem is {type(modem).__name__}: give a m531x.Modem")
    if not 0.05 <= every <= 3600 or (signal_every is not None and not 0 <= signal_every <= 86400):
        raise InvalidArgumentError(
            f"every is {every}, signal_every {signal_every}: give 0.05 to 3600 s, and 0 to 86400 s"
        )
    if not 0 < messages <= 100:
        raise InvalidArgumentError(f"messages is {messages}: give 1 to 100")
    display = optional("IPython.display", "ipython")
    shown = Live(modem, every, signal_every, messages)
    shown._begin(display.HTML, display.display)
    return shown


def _shown_signals(samples: list[tuple[float, Signal]]) -> str | None:
    """The last strength and a small picture of those before it."""
    if not samples:
        return None
    levels = [signal.rssi_dbm for _, signal in samples]
    last = "unknown" if levels[-1] is None else f"{levels[-1]} dBm"
    return f"{last} {''.join(map(_bar, levels))}"


def _bar(rssi_dbm: int | None) -> str:
    if rssi_dbm is None:
        return " "
    share = (rssi_dbm - _WEAKEST) / (_STRONGEST - _WEAKEST)
    return _BARS[min(len(_BARS) - 1, max(0, int(share * len(_BARS))))]
