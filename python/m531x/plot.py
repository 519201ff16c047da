"""Pictures of a trace and of latencies; needs matplotlib (``pip install m531x[plot]``).

Example:
    >>> import io, m531x, m531x.plot
    >>> with m531x.Modem("virtual://", trace=1000) as modem:
    ...     modem.connect("broker.example", client_id="meter-17")
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
from typing import Any

from m531x._errors import InvalidArgumentError
from m531x._optional import optional
from m531x.trace import TraceEntry
from m531x.types import Receipt

__all__ = ["latency", "timeline"]

_EXTRA = "m531x[plot]"
_ROWS = {"message": 0, "urc": 1, "answer": 2, "command": 3}
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
# More labels than this would cover each other.
_LABELLED = 25


def timeline(trace: Sequence[TraceEntry], axes: Any = None) -> Any:
    """Draws commands, answers, URCs and messages over time, and the states behind them.

    Args:
        trace: What `Modem.trace` gave.
        axes: The `matplotlib.axes.Axes` to draw on; None makes a figure.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        InvalidArgumentError: The trace is empty.
        M531xError: matplotlib is not installed.
    """
    if not trace:
        raise InvalidArgumentError("the trace is empty: open the modem with trace=1000")
    axes = _axes(axes, (10.0, 3.6))
    begin, span = trace[0].timestamp, max(trace[-1].timestamp - trace[0].timestamp, 0.001)
    for kind, row in _ROWS.items():
        times = [entry.timestamp - begin for entry in trace if entry.kind == kind]
        axes.scatter(times, [row] * len(times), marker="|", s=300, color=_COLOURS[kind])
    commands = [entry for entry in trace if entry.kind == "command"]
    labelled = len(commands) <= _LABELLED
    # The label of the last command leans over the end.
    right = span * (1.12 if labelled else 1.02)
    _draw_states(axes, [entry for entry in trace if entry.kind == "state"], begin, right)
    if labelled:
        _label(axes, commands, begin, span / _LABELLED)
    axes.set_yticks(list(_ROWS.values()), [_NAMES[kind] for kind in _ROWS])
    axes.set_ylim(-0.6, 6.0 if labelled else 3.6)
    axes.set_xlim(-span * 0.02, right)
    axes.set_xlabel("seconds")
    return axes.figure


def latency(latencies: Iterable[Receipt | float], axes: Any = None) -> Any:
    """Draws a histogram of how long publishes took, with the median and the 99th percentile.

    Args:
        latencies: Receipts, or seconds.
        axes: The `matplotlib.axes.Axes` to draw on; None makes a figure.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        InvalidArgumentError: There are none.
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
        axes.axvline(value, color="black", linestyle=style, label=f"{name} {value:.3g} ms")
    axes.set_xlabel("milliseconds")
    axes.set_ylabel("publishes")
    axes.set_title(f"{len(times)} publishes")
    axes.legend()
    return axes.figure


def _axes(axes: Any, size: tuple[float, float]) -> Any:
    figure_module = optional("matplotlib.figure", _EXTRA)
    if axes is not None:
        return axes
    # A figure of its own, not pyplot's: nothing is kept in a global list, and no window opens.
    # Notebooks show it by itself only if it can make a picture of itself.
    shown = type("Figure", (figure_module.Figure,), {"_repr_png_": _png})
    return shown(figsize=size, layout="constrained").add_subplot()


def _png(figure: Any) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=100)
    return picture.getvalue()


def _draw_states(axes: Any, states: Sequence[TraceEntry], begin: float, right: float) -> None:
    ends = [*(entry.timestamp - begin for entry in states[1:]), right][: len(states)]
    named: set[str] = set()
    for entry, until in zip(states, ends, strict=True):
        name = entry.text.split(":")[0]
        label = None if name in named else name
        named.add(name)
        colour = _STATES.get(name, "white")
        # Behind the marks, which would take its colour on otherwise.
        axes.axvspan(
            entry.timestamp - begin, until, color=colour, alpha=0.5, lw=0, zorder=0, label=label
        )
    if named:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="state", frameon=False)


def _label(axes: Any, commands: Sequence[TraceEntry], begin: float, apart: float) -> None:
    last = -math.inf
    for entry in commands:
        at = entry.timestamp - begin
        if at - last < apart:
            continue
        last = at
        text = entry.text if len(entry.text) <= 18 else f"{entry.text[:17]}…"
        # "$" would begin mathematics.
        text = text.replace("$", r"\$")
        axes.text(at, 3.5, text, rotation=45, fontsize=7, ha="left", va="bottom")
