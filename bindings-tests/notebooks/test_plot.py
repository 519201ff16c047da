"""The pictures: what is drawn, and what is refused."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
from matplotlib.figure import Figure

import m531x
from m531x import plot, recording


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


def test_the_example_of_the_module_runs() -> None:
    failed, attempted = doctest.testmod(plot)
    assert attempted > 0
    assert failed == 0
