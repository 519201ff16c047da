"""Data frames of pandas: their columns, types and times."""

from __future__ import annotations

import doctest
from typing import Any

import pandas
import pytest

import m531x
from m531x import _frames, doctor, recording


def test_the_example_of_the_docstring_runs() -> None:
    failed, attempted = doctest.testmod(_frames)
    assert (failed, attempted > 0) == (0, True)


def test_messages_have_a_row_each_and_their_text_beside_the_bytes() -> None:
    messages = [
        m531x.Message("a", "21.5 °C", qos=1, packet_id=3, timestamp=1.5),
        m531x.Message("b", b"\xff", timestamp=2.5),
    ]
    frame = m531x.to_pandas(iter(messages))
    assert list(frame["topic"]) == ["a", "b"]
    assert list(frame["text"]) == ["21.5 °C", "\ufffd"]
    assert list(frame["payload"]) == ["21.5 °C".encode(), b"\xff"]
    assert frame["timestamp"][0] == pandas.Timestamp("1970-01-01 00:00:01.5", tz="UTC")
    assert list(frame["retain"]) == [False, False]


def test_receipts_events_and_lines_are_frames_too() -> None:
    receipts = m531x.to_pandas([m531x.Receipt(1, 1, 0.5), m531x.Receipt(None, 0, 0.25)])
    assert receipts["elapsed"].sum() == 0.75
    events = m531x.to_pandas([m531x.Event(m531x.EventKind.PORT_LOST, 0, "gone", 1.0)])
    assert list(events["kind"]) == ["port lost"]
    ports = m531x.to_pandas([doctor.PortInfo("COM5", "", None)])
    assert list(ports["name"]) == ["COM5"]
    trace = recording.Trace([recording.TraceEntry(float(n), "answer", "OK") for n in range(9)])
    part = trace[-3:].to_pandas()
    assert len(part) == 3
    pandas.testing.assert_frame_equal(part, m531x.to_pandas(trace[-3:]))
    assert list(recording.Trace().to_pandas().columns) == ["timestamp", "kind", "text"]


def test_nothing_is_an_empty_frame() -> None:
    assert len(m531x.to_pandas([])) == 0


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([m531x.Receipt(1, 1, 0.5), m531x.Message("a", "b")], "Message, Receipt"),
        (["text"], "str"),
    ],
)
def test_what_makes_no_frame_is_named(items: list[Any], words: str) -> None:
    with pytest.raises(m531x.ArgumentTypeError, match=words):
        m531x.to_pandas(items)
