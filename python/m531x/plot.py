"""Pictures of traces, latencies and signals; needs matplotlib (``pip install m531x[plot]``).

Examples:
    >>> import io, m531x, m531x.plot
    >>> with m531x.Modem("virtual://", trace=1000) as modem:
    ...     _ = modem.connect("broker.example", client_id="meter-17")
    ...     receipts = [modem.publish("count", str(n), qos=1) for n in range(100)]
    ...     trace = modem.trace()
    >>> picture = io.BytesIO()  # or a name, such as "timeline.png"
    >>> m531x.plot.timeline(trace).savefig(picture)
    >>> m531x.plot.latency(receipts).savefig(picture)
"""

from __future__ import annotations

import io
import math
import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from m531x._errors import InvalidArgumentError
from m531x._optional import optional
from m531x._types import Receipt
from m531x.doctor import Signal
from m531x.recording import TraceEntry

__all__ = ["latency", "signal", "timeline"]

_EXTRA = "m531x[plot]"
# Labelled rows are at the edges: commands above, URCs below.
_ROWS = {"urc": 0, "message": 1, "answer": 2, "command": 3}
_NAMES = {"message": "messages", "urc": "URCs", "answer": "answers", "command": "commands"}
_COLOURS = {
    "message": "tab:green",
    "urc": "tab:orange",
    "answer": "tab:gray",
    "command": "tab:blue",
}
_STATES = {
    "off": "lightgray",
    "configured": "lightsteelblue",
    "connecting": "khaki",
    "connected": "palegreen",
    "module reconnecting": "sandybrown",
    "lost": "lightcoral",
}
# The strengths that AT+CSQ can report, and what they usually allow.
_WEAKEST, _STRONGEST = -113, -51
_STRENGTHS = (
    (_WEAKEST, -105, "lightcoral", "hardly usable"),
    (-105, -95, "khaki", "weak"),
    (-95, -80, "palegreen", "usable"),
    (-80, _STRONGEST, "mediumseagreen", "strong"),
)
# More labels than this on one side would cover each other.
_LABELLED = 25
_LABEL_LENGTH = 20
# The room for labels, in rows.
_ABOVE, _BELOW = 3.0, 2.4


def timeline(trace: Sequence[TraceEntry], axes: Any = None) -> Any:
    """Draws commands, answers, messages and URCs over time, and the states behind them.

    Commands and URCs are labelled with their text as far as there is room: of several close
    together, only the first is. A part of a trace may be drawn, such as ``trace[-40:]``.

    Args:
        trace: The result of `Modem.trace`, or a part of it.
        axes: The `matplotlib.axes.Axes` to draw on; None makes a figure.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        InvalidArgumentError: The trace is empty.
        M531xError: matplotlib is not installed.
    """
    if not trace:
        raise InvalidArgumentError("the trace is empty: open the modem with trace=1000")
    axes = _axes(axes, (10.0, 4.4))
    seconds = max(trace[-1].timestamp - trace[0].timestamp, 0.001)
    scale, unit = (1.0, "seconds") if seconds >= 2 else (1000.0, "milliseconds")
    begun, since = _zero(trace[0].timestamp)
    marks = [_Mark((entry.timestamp - begun) * scale, entry.kind, entry.text) for entry in trace]
    span = seconds * scale
    # The label of the last mark leans over the end.
    right = span * 1.16
    _draw_states(axes, [mark for mark in marks if mark.kind == "state"], right)
    for kind, row in _ROWS.items():
        times = [mark.at for mark in marks if mark.kind == kind]
        axes.scatter(times, [row] * len(times), marker="|", s=300, color=_COLOURS[kind])
    for kind in ("command", "urc"):
        _label(axes, [mark for mark in marks if mark.kind == kind], span / _LABELLED)
    axes.set_yticks(list(_ROWS.values()), [_NAMES[kind] for kind in _ROWS])
    axes.set_ylim(-0.5 - _BELOW, 3.5 + _ABOVE)
    axes.set_xlim(-span * 0.02, right)
    axes.set_xlabel(f"{unit} since {since}")
    return axes.figure


def signal(samples: Iterable[Signal | tuple[float, Signal]], axes: Any = None) -> Any:
    """Draws the strength of the signal, over bands that say what to expect of it.

    A sample whose strength is unknown interrupts the line, and a mark shows it at the lower edge.

    Args:
        samples: Signals, each alone or with its time as `time.time` in front; `Live.signals` is
            such a sequence.
        axes: The `matplotlib.axes.Axes` to draw on; None makes a figure.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        InvalidArgumentError: There are no samples.
        M531xError: matplotlib is not installed.

    Examples:
        >>> import m531x, m531x.plot, time
        >>> with m531x.Modem("virtual://") as modem:
        ...     samples = [(time.time(), modem.signal()) for _ in range(5)]
        >>> picture = m531x.plot.signal(samples)
    """
    given = list(samples)
    if not given:
        raise InvalidArgumentError("there are no samples to draw: collect modem.signal() first")
    timed = [sample for sample in given if isinstance(sample, tuple)]
    if timed and len(timed) != len(given):
        raise InvalidArgumentError("some samples have a time and others none: give it to all")
    axes = _axes(axes, (10.0, 3.6))
    if timed:
        begun, since = _zero(timed[0][0])
        places = [at - begun for at, _ in timed]
        axes.set_xlabel(f"seconds since {since}")
    else:
        places = [float(number) for number in range(1, len(given) + 1)]
        axes.set_xlabel("sample")
        axes.xaxis.get_major_locator().set_params(integer=True)
    levels = [(sample[1] if isinstance(sample, tuple) else sample).rssi_dbm for sample in given]
    for low, high, colour, name in _STRENGTHS:
        axes.axhspan(low, high, color=colour, alpha=0.35, lw=0, zorder=0, label=name)
    drawn = [math.nan if level is None else level for level in levels]
    axes.plot(places, drawn, marker=".", color="tab:blue", label="_signal")
    unknown = [at for at, level in zip(places, levels, strict=True) if level is None]
    if unknown:
        lowest = [_WEAKEST] * len(unknown)
        axes.scatter(unknown, lowest, marker="x", color="black", zorder=3, label="unknown")
    axes.set_ylim(_WEAKEST - 2, _STRONGEST + 2)
    axes.set_ylabel("RSSI in dBm")
    handles, names = axes.get_legend_handles_labels()
    # The strongest band is at the top of the picture.
    axes.legend(
        handles[::-1], names[::-1], loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False
    )
    return axes.figure


def latency(latencies: Iterable[Receipt | float], axes: Any = None) -> Any:
    """Draws a histogram of the latency of publishes, with the median and the 99th percentile.

    Args:
        latencies: Receipts, or seconds.
        axes: The `matplotlib.axes.Axes` to draw on; None makes a figure.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        InvalidArgumentError: There are no latencies.
        M531xError: matplotlib is not installed.
    """
    times = sorted(
        (entry.elapsed if isinstance(entry, Receipt) else entry) * 1000 for entry in latencies
    )
    if not times:
        raise InvalidArgumentError("there are no latencies to draw: publish something first")
    axes = _axes(axes, (7.0, 3.6))
    bins = max(10, min(80, math.isqrt(len(times)) * 2))
    axes.hist(times, bins=bins, color="tab:blue", alpha=0.75)
    late = times[math.ceil(len(times) * 0.99) - 1]
    for value, name, style in (
        (statistics.median(times), "median", "-"),
        (late, "99th percentile", "--"),
    ):
        axes.axvline(
            value, color="black", linestyle=style, label=f"{name} {_three_digits(value)} ms"
        )
    axes.set_xlabel("milliseconds from the request to the end of the publish")
    axes.set_ylabel("publishes")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_title(f"{len(times)} publishes")
    axes.legend()
    return axes.figure


def _zero(timestamp: float) -> tuple[float, str]:
    """The time from which a picture counts, and exactly this time in words."""
    whole = math.floor(timestamp * 1000)
    # Not of the float, which a conversion may round to the millisecond before.
    begun = datetime.fromtimestamp(whole // 1000)
    return whole / 1000, f"{begun:%H:%M:%S}.{whole % 1000:03}"


def _axes(axes: Any, size: tuple[float, float]) -> Any:
    figure_module = optional("matplotlib.figure", _EXTRA)
    if axes is not None:
        return axes
    # Not a figure of pyplot, which would keep it in a global list and open a window. Notebooks
    # show a figure by itself only if it has a method that renders it.
    shown = type("Figure", (figure_module.Figure,), {"_repr_png_": _png})
    return shown(figsize=size, layout="constrained").add_subplot()


def _png(figure: Any) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=100)
    return picture.getvalue()


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


class _Mark(NamedTuple):
    """An entry of the trace at its place in the drawing."""

    at: float
    kind: str
    text: str


def _draw_states(axes: Any, states: Sequence[_Mark], right: float) -> None:
    ends = [*(state.at for state in states[1:]), right][: len(states)]
    named: set[str] = set()
    for state, until in zip(states, ends, strict=True):
        name = state.text.split(":")[0]
        label = None if name in named else name
        named.add(name)
        colour = _STATES.get(name, "white")
        # Behind the marks, which would take its colour on otherwise.
        axes.axvspan(state.at, until, color=colour, alpha=0.5, lw=0, zorder=0, label=label)
    if named:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="state", frameon=False)


def _label(axes: Any, marks: Sequence[_Mark], apart: float) -> None:
    last = -math.inf
    for mark in marks:
        if mark.at - last < apart:
            continue
        last = mark.at
        whole = len(mark.text) <= _LABEL_LENGTH
        text = mark.text if whole else f"{mark.text[: _LABEL_LENGTH - 1]}…"
        # "$" would begin mathematics.
        text = text.replace("$", r"\$")
        above = mark.kind == "command"
        axes.text(
            mark.at,
            3.5 if above else -0.5,
            text,
            rotation=40 if above else -40,
            rotation_mode="anchor",
            fontsize=8,
            color=_COLOURS[mark.kind],
            ha="left",
            va="bottom" if above else "top",
        )
