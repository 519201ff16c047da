"""What passed on the line, in the log and in the trace; passwords never."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable

import pytest

import m531x
from m531x import _watch, aio
from m531x._event_log import EventLog
from m531x.recording import TraceEntry

Eventually = Callable[[Callable[[], bool]], None]


def connect(modem: m531x.Modem) -> None:
    modem.connect("broker.example", client_id="c", username="u", password="geheim")


def wire(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "m531x.wire"]


def is_logged(caplog: pytest.LogCaptureFixture, text: str) -> bool:
    return any(text in record.getMessage() for record in caplog.records)


def test_the_line_is_logged_in_order_by_a_thread_of_python(
    caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    caplog.set_level(logging.DEBUG, "m531x.wire")
    with m531x.Modem("virtual://") as modem:
        connect(modem)
        modem.command("AT+CGMM")
        eventually(lambda: wire(caplog)[-2:] == ["virtual:// < M5310-A", "virtual:// < OK"])
        lines = wire(caplog)
    assert lines[0] == "virtual:// > AT"
    assert lines[-3:] == ["virtual:// > AT+CGMM", "virtual:// < M5310-A", "virtual:// < OK"]
    assert any("***" in line for line in lines)
    assert not any("geheim" in line for line in lines)
    threads = {record.threadName for record in caplog.records}
    assert threads <= {threading.main_thread().name, "m531x-dispatcher"}


def test_events_are_logged_by_their_weight(
    caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    caplog.set_level(logging.INFO, "m531x")
    virtual = m531x.VirtualModem()
    with m531x.Modem(virtual.port) as modem:
        connect(modem)
        virtual.close()
        eventually(lambda: any(record.levelno == logging.ERROR for record in caplog.records))
    levels = {record.getMessage().split(": ")[1]: record.levelno for record in caplog.records}
    assert levels["state changed"] == logging.INFO
    assert levels["port lost"] == logging.ERROR


def test_nothing_is_kept_or_logged_unless_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "m531x.wire")
    with m531x.Modem("virtual://") as modem:
        connect(modem)
        assert modem._native.trace(0) == []
        with pytest.raises(m531x.InvalidArgumentError, match="trace=1000"):
            modem.trace()
    assert wire(caplog) == []


def test_asyncio_logs_the_line_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "m531x.wire")

    async def main() -> None:
        async with aio.Modem("virtual://", trace=10) as modem:
            await modem.command("AT+CGMM")
            assert [entry.text for entry in modem.trace()][-3:] == ["AT+CGMM", "M5310-A", "OK"]

    asyncio.run(main())
    assert wire(caplog)[-3:] == ["virtual:// > AT+CGMM", "virtual:// < M5310-A", "virtual:// < OK"]


def is_connected(entry: TraceEntry) -> bool:
    return entry.kind == "state" and entry.text.startswith("connected")


def test_the_trace_holds_commands_answers_urcs_messages_and_states(
    eventually: Eventually,
) -> None:
    with m531x.Modem("virtual://", trace=1000) as modem:
        connect(modem)
        modem.subscribe("t")
        modem.publish("t", "hello")
        next(iter(modem.messages(timeout=10)))
        # The state comes with an event, which another thread takes.
        eventually(lambda: any(is_connected(entry) for entry in modem.trace()))
        trace = modem.trace()
    kinds = [entry.kind for entry in trace]
    assert set(kinds) == {"command", "answer", "urc", "message", "state"}
    assert trace[0].text == "AT"
    assert next(entry.text for entry in trace if entry.kind == "message").endswith("t,5,hello")
    assert any(map(is_connected, trace))
    assert [entry.timestamp for entry in trace] == sorted(entry.timestamp for entry in trace)
    assert "geheim" not in repr(trace)


def test_a_payload_that_looks_like_protocol_is_one_message_in_log_and_trace(
    caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    caplog.set_level(logging.DEBUG, "m531x.wire")
    lure = b"x\r\n\r\nOK\r\n\r\n+MQTTDISC:OK\r\n"
    with m531x.Modem("virtual://", trace=1000) as modem:
        connect(modem)
        modem.subscribe("t")
        modem.publish("t", lure)
        assert next(iter(modem.messages(timeout=10))).payload == lure
        eventually(lambda: any("+MQTTPUBLISH" in line for line in wire(caplog)))
        trace = modem.trace()
        modem.close()
    holding = [entry for entry in trace if "+MQTTDISC" in entry.text]
    assert [entry.kind for entry in holding] == ["message"]
    assert holding[0].text.endswith(r"x\r\n\r\nOK\r\n\r\n+MQTTDISC:OK\r\n")
    assert sum("+MQTTDISC" in line for line in wire(caplog)) == 1


def test_the_trace_is_bounded() -> None:
    with m531x.Modem("virtual://", trace=4) as modem:
        for _ in range(5):
            modem.command("AT")
        assert [entry.text for entry in modem.trace()] == ["AT", "OK", "AT", "OK"]


def test_the_trace_shows_itself_escaped_in_a_notebook() -> None:
    with m531x.Modem("virtual://", trace=100) as modem:
        assert modem.virtual_modem is not None
        modem.virtual_modem.inject(b"<script>alert(1)</script>\r\n")
        modem.command("AT")
        text = modem.trace()._repr_html_()
    assert "&lt;script&gt;" in text
    assert "<script" not in text


def test_every_byte_is_shown_unambiguously(
    caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    caplog.set_level(logging.DEBUG, "m531x.wire")
    lines = {b"+X: \x1b[2J\x00\xff": r"+X: \x1B[2J\x00\xFF", rb"+X: \x1B": r"+X: \\x1B"}
    with m531x.Modem("virtual://", trace=100) as modem:
        assert modem.virtual_modem is not None
        for line in lines:
            modem.virtual_modem.inject(line + b"\r\n")
        for shown in lines.values():
            eventually(lambda shown=shown: f"virtual:// < {shown}" in wire(caplog))  # type: ignore[misc]
        assert set(lines.values()) <= {entry.text for entry in modem.trace()}


def test_a_record_has_the_time_of_the_line_and_not_of_the_thread_that_logs(
    caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    caplog.set_level(logging.DEBUG, "m531x")
    release = threading.Event()
    with m531x.Modem("virtual://", trace=100) as modem:
        modem.on_event = lambda _event: release.wait(10)
        assert modem.virtual_modem is not None
        modem.virtual_modem.inject(b"+FIRST\r\n")
        modem.command("AT+CGMM")
        asked = time.time()
        while time.time() == asked:
            pass
        release.set()
        eventually(lambda: "virtual:// > AT+CGMM" in wire(caplog))
        eventually(lambda: any(record.name == "m531x" for record in caplog.records))
    record = next(record for record in caplog.records if record.getMessage().endswith("AT+CGMM"))
    assert record.created <= asked
    assert record.msecs == pytest.approx(record.created % 1 * 1000, abs=1)
    event = next(record for record in caplog.records if record.name == "m531x")
    assert event.created <= asked


WEIGHTS: list[tuple[m531x.EventKind, int, int]] = [
    (m531x.EventKind.CONNECTED, 0, logging.INFO),
    (m531x.EventKind.DISCONNECTED, 0, logging.WARNING),
    (m531x.EventKind.DISCONNECTED, 1, logging.INFO),
    (m531x.EventKind.REBOOTED, 0, logging.WARNING),
    (m531x.EventKind.REBOOTED, 1, logging.INFO),
    (m531x.EventKind.RECOVERING, 1, logging.WARNING),
    (m531x.EventKind.RECOVERY_FAILED, 3, logging.ERROR),
    (m531x.EventKind.RESUBSCRIBED, 1, logging.INFO),
    (m531x.EventKind.RESUBSCRIBED, -1, logging.ERROR),
    (m531x.EventKind.RESUBSCRIBED, -2, logging.WARNING),
    (m531x.EventKind.RESUBSCRIBED, -3, logging.ERROR),
    (m531x.EventKind.OUTBOX_FAILED, 0, logging.ERROR),
    (m531x.EventKind.OUTBOX_DROPPED, 2, logging.WARNING),
    (m531x.EventKind.OUTBOX_SET_ASIDE, 2, logging.WARNING),
    (m531x.EventKind.RECORDING_STOPPED, 0, logging.WARNING),
    (m531x.EventKind.HEALTH_CHECK, 1, logging.WARNING),
    (m531x.EventKind.DROPPED, 5, logging.WARNING),
    (m531x.EventKind.PORT_LOST, 0, logging.ERROR),
    (m531x.EventKind.LOGIN_REFUSED, 5, logging.ERROR),
    (m531x.EventKind.URC, 0, logging.DEBUG),
]


@pytest.mark.parametrize(("kind", "value", "level"), WEIGHTS)
def test_an_operator_sees_what_needs_one(
    caplog: pytest.LogCaptureFixture,
    memory_modem: m531x.Modem,
    kind: m531x.EventKind,
    value: int,
    level: int,
) -> None:
    caplog.set_level(logging.DEBUG, "m531x")
    EventLog(memory_modem._native, "port", 0).note(kind, value, "why\r\x1b", 5.0)
    (record,) = (record for record in caplog.records if record.getMessage().startswith("port: "))
    assert record.levelno == level
    assert record.created == 5
    assert record.getMessage().endswith(r"why\r\x1B")


def test_what_was_asked_for_is_no_warning(
    caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    caplog.set_level(logging.DEBUG, "m531x")
    with m531x.Modem("virtual://") as modem:
        connect(modem)
        modem.disconnect()
        eventually(lambda: is_logged(caplog, "disconnected: "))
        connect(modem)
        modem.delete()
        modem.reboot()
        eventually(lambda: is_logged(caplog, "rebooted: "))
    assert [r.getMessage() for r in caplog.records if r.levelno > logging.INFO] == []


def test_a_connection_that_is_lost_is_a_warning(
    caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    caplog.set_level(logging.INFO, "m531x")
    with m531x.Modem("virtual://") as modem:
        connect(modem)
        assert modem.virtual_modem is not None
        modem.virtual_modem.reboot()
        eventually(lambda: is_logged(caplog, "recovering: "))
    warned = {r.getMessage().split(": ")[1] for r in caplog.records if r.levelno == logging.WARNING}
    assert warned >= {"disconnected", "rebooted", "recovering"}


def test_a_callback_that_does_not_return_is_reported_while_it_runs(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(_watch, "PERIOD_S", 0.02)
    release = threading.Event()

    def stuck(message: m531x.Message) -> None:
        release.wait(10)

    with m531x.Modem("virtual://") as modem:
        connect(modem)
        modem.subscribe("t", callback=stuck)
        for _ in range(3):
            modem.publish("t", "x", qos=1)
        eventually(lambda: is_logged(caplog, "(stuck)"))
        release.set()
    (record,) = (r for r in caplog.records if "has been running" in r.getMessage())
    assert record.levelno == logging.WARNING
    assert "m531x-watch" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("wrong", [-1, 1.5, "many"])
def test_a_wrong_size_is_refused(wrong: object) -> None:
    with pytest.raises((m531x.InvalidArgumentError, TypeError), match=r"trace|integer"):
        m531x.Modem("virtual://", trace=wrong)  # type: ignore[arg-type]
