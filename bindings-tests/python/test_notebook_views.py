"""What a notebook shows of an object: a table, everything escaped."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

import m531x
from m531x import aio, doctor, recording

EVIL = "<script>alert('x')</script>&\""


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert all(name == "style" for name, _ in attrs)
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(thing: object) -> str:
    """The text of the table; it is well formed and has nothing but a table in it."""
    parser = _Tags()
    parser.feed(thing._repr_html_())  # type: ignore[attr-defined]
    parser.close()
    assert parser.open == []
    assert parser.seen <= {"table", "caption", "tr", "th", "td", "code"}
    return parser.text


@pytest.mark.parametrize(
    "thing",
    [
        m531x.Message(EVIL, EVIL, qos=1),
        doctor.ModemInfo(EVIL, EVIL, EVIL, None, None, None),
        doctor.MqttConfig(EVIL, 1883, EVIL, 60, EVIL, True, True, None),
        recording.Trace([recording.TraceEntry(1.0, "answer", EVIL)]),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_a_hostile_text_stays_text(thing: object) -> None:
    assert EVIL in shown(thing)


def test_a_modem_shows_port_state_and_counters_open_and_closed() -> None:
    with m531x.Modem("virtual://") as modem:
        modem.connect("broker.example", client_id="c", username="u", password="geheim")
        modem.subscribe("a/#")
        text = shown(modem)
        assert "virtual://" in text
        assert "connected" in text
        assert "a/#" in text
        assert "geheim" not in text
        assert "published" in shown(modem.stats())
        assert "geheim" not in shown(modem.config())
        assert "M5310-A" in shown(modem.info())
    assert "closedyes" in shown(modem)
    assert "virtual://" in shown(aio.Modem("virtual://"))


def test_what_is_not_known_is_left_out() -> None:
    assert "iccid" not in shown(doctor.ModemInfo("M5311", "M5311", None, None, None, None))
