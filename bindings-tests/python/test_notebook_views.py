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
        doctor.Diagnosis((doctor.Finding("port", "failed", EVIL, EVIL),)),
        doctor.PortInfo(EVIL, EVIL, (0x1A86, 0x7523), EVIL),
        m531x.Event(m531x.EventKind.URC, 0, EVIL, 1.5),
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


def test_what_a_notebook_shows_of_the_rest() -> None:
    findings = (
        doctor.Finding("port", "ok", "it opens", None),
        doctor.Finding("answer", "failed", "none", "switch it on"),
    )
    diagnosis = shown(doctor.Diagnosis(findings))
    assert "stepverdicttextremedy" in diagnosis
    assert diagnosis.endswith("portokit opensanswerfailednoneswitch it on")
    assert "usb1a86:7523" in shown(doctor.PortInfo("COM5", "", (0x1A86, 0x7523), None))
    assert shown(doctor.Signal(-67, None, (23, 99))) == "Signalrssi-67 dBmraw(23, 99)"
    assert "rssiunknown" in shown(doctor.Signal(None, None, (99, 99)))
    assert shown(m531x.Receipt(7, 1, 0.25)) == "Receiptpacket_id7qos1elapsed0.250 s"
    assert "packet_id" not in shown(m531x.Receipt(None, 0, 0.25))
    event = shown(m531x.Event(m531x.EventKind.URC, 0, "x", 0.5))
    assert "kindurc" in event
    assert ".500" in event
    with m531x.VirtualModem(broker="cfg") as virtual:
        assert virtual.port in shown(virtual)
        assert "cfg" in shown(virtual)
    with m531x.Modem("virtual://") as modem:
        assert modem.virtual_modem is not None
        assert modem.virtual_modem.broker in shown(modem.virtual_modem)
        assert "registration" in shown(modem.diagnose())
        modem.connect("broker.example", client_id="c")
        subscription = modem.subscribe("a/<b>", 1)
        text = shown(subscription)
        assert "topica/<b>granted_qos1" in text


def test_a_part_of_a_trace_is_a_table_too() -> None:
    trace = recording.Trace([recording.TraceEntry(float(n), "answer", str(n)) for n in range(9)])
    text = shown(trace[-2:])
    assert "answer7" in text
    assert "answer8" in text
    assert "answer6" not in text
    assert isinstance(trace[::2], recording.Trace)
    assert trace[-1].text == "8"


def test_what_is_not_known_is_left_out() -> None:
    assert "iccid" not in shown(doctor.ModemInfo("M5311", "M5311", None, None, None, None))
