"""What passed on the line, in the log and in the trace; passwords never."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

import pytest

import m531x
from m531x import aio

Eventually = Callable[[Callable[[], bool]], None]


def connect(modem: m531x.Modem) -> None:
    modem.connect("broker.example", client_id="c", username="u", password="geheim")


def wire(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "m531x.wire"]


def test_the_line_is_logged_in_order_by_a_thread_of_python(
    caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    caplog.set_level(logging.DEBUG, "m531x.wire")
    with m531x.Modem("virtual://") as modem:
        connect(modem)
        modem.command("AT+CGMM")
        eventually(lambda: "virtual:// < M5310-A" in wire(caplog)[-2:])
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


def test_the_trace_holds_commands_answers_urcs_messages_and_states(
    eventually: Eventually,
) -> None:
    with m531x.Modem("virtual://", trace=1000) as modem:
        connect(modem)
        modem.subscribe("t")
        modem.publish("t", "hello")
        next(iter(modem.messages(timeout=10)))
        trace = modem.trace()
    kinds = [entry.kind for entry in trace]
    assert set(kinds) == {"command", "answer", "urc", "message", "state"}
    assert trace[0].text == "AT"
    assert next(entry.text for entry in trace if entry.kind == "message").endswith("t,5,hello")
    assert any(entry.text.startswith("connected") for entry in trace if entry.kind == "state")
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


@pytest.mark.parametrize("wrong", [-1, 1.5, "many"])
def test_a_wrong_size_is_refused(wrong: object) -> None:
    with pytest.raises((m531x.InvalidArgumentError, TypeError), match=r"trace|integer"):
        m531x.Modem("virtual://", trace=wrong)  # type: ignore[arg-type]
