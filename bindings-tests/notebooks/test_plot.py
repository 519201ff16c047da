"""The pictures: what is drawn, and what is refused."""

from __future__ import annotations

import doctest
from datetime import datetime
from typing import Any

import pytest
from matplotlib.figure import Figure

import m531x
from m531x import doctor, plot, recording


def entry(at: float, kind: Any, text: str = "AT") -> recording.TraceEntry:
    return recording.TraceEntry(at, kind, text)


def test_a_timeline_draws_every_entry_and_every_state() -> None:
    trace = [
        entry(10.0, "command", "AT+X$y$"),
        entry(10.1, "answer"),
        entry(10.2, "state", "connected: accepted"),
        entry(10.3, "urc"),
        entry(10.4, "message"),
        entry(10.5, "state", "lost"),
    ]
    figure = plot.timeline(trace)
    (axes,) = figure.axes
    assert sum(len(points.get_offsets()) for points in axes.collections) == 4
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["connected", "lost"]
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_timeline_of_one_entry_and_of_many_can_be_drawn() -> None:
    plot.timeline([entry(1.0, "command")])._repr_png_()
    plot.timeline([entry(n / 10, "command", "AT" * 50) for n in range(500)])._repr_png_()


@pytest.mark.parametrize("begin", [1.0, 1700000000.7499, 1700000000.9996, 1.8e9])
@pytest.mark.parametrize("long", [0.5, 30.0])
def test_the_zero_of_a_timeline_is_where_its_label_says(begin: float, long: float) -> None:
    (axes,) = plot.timeline([entry(begin, "command"), entry(begin + long, "answer")]).axes
    unit, _, since = axes.get_xlabel().partition(" since ")
    scale = {"seconds": 1.0, "milliseconds": 1000.0}[unit]
    zero = datetime.strptime(since, "%H:%M:%S.%f")
    drawn = [points.get_offsets()[0][0] for points in axes.collections if len(points.get_offsets())]
    for at, place in zip((begin + long, begin), sorted(drawn, reverse=True), strict=True):
        shown = datetime.fromtimestamp(at)
        midnight = shown.replace(hour=0, minute=0, second=0, microsecond=0)
        since_midnight = (zero - datetime(1900, 1, 1)).total_seconds() + place / scale
        assert since_midnight == pytest.approx((shown - midnight).total_seconds(), abs=1e-5)


def strength(level: int | None) -> doctor.Signal:
    return doctor.Signal(level, None, (99, 99))


def test_a_signal_is_drawn_with_its_gaps_over_bands() -> None:
    samples = [(1.7e9 + n, strength(level)) for n, level in enumerate([-113, -51, None, -80])]
    figure = plot.signal(samples)
    (axes,) = figure.axes
    (line,) = axes.get_lines()
    assert list(line.get_xdata()) == [0.0, 1.0, 2.0, 3.0]
    assert [level for level in line.get_ydata() if level == level] == [-113, -51, -80]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["unknown", "strong", "usable", "weak", "hardly usable"]
    assert axes.get_xlabel().startswith("seconds since ")
    low, high = axes.get_ylim()
    assert low < -113
    assert high > -51
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_signals_without_times_are_numbered() -> None:
    (axes,) = plot.signal([strength(-70), strength(-71)]).axes
    assert list(axes.get_lines()[0].get_xdata()) == [1.0, 2.0]
    assert axes.get_xlabel() == "sample"
    assert [tick for tick in axes.get_xticks() if tick % 1] == []


def test_latencies_are_receipts_or_seconds() -> None:
    receipts = [m531x.Receipt(n, 1, n / 1000) for n in range(1, 101)]
    labels = [
        [text.get_text() for text in plot.latency(values).axes[0].get_legend().get_texts()]
        for values in (receipts, [receipt.elapsed for receipt in receipts])
    ]
    assert labels[0] == labels[1] == ["median 50.5 ms", "99th percentile 99 ms"]


def test_axes_that_are_given_are_drawn_on() -> None:
    axes = Figure().add_subplot()
    assert plot.latency([0.1], axes) is axes.figure


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(m531x.InvalidArgumentError, match="trace=1000"):
        plot.timeline([])
    with pytest.raises(m531x.InvalidArgumentError, match="publish something"):
        plot.latency([])
    with pytest.raises(m531x.InvalidArgumentError, match="no samples"):
        plot.signal([])
    with pytest.raises(m531x.InvalidArgumentError, match="to all"):
        plot.signal([strength(-70), (1.0, strength(-70))])


def test_the_example_of_the_module_runs() -> None:
    failed, attempted = doctest.testmod(plot)
    assert attempted > 0
    assert failed == 0
