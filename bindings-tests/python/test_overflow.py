"""What waits to be received is bounded, and a consumer that is behind holds up no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Literal

import pytest

import m531x
from m531x import aio
from m531x._event_log import EventLog

Eventually = Callable[..., None]
Overflow = Literal["block", "drop_oldest", "drop_newest"]

LARGE = 60_000
MOST_BYTES = 4 << 20


def line(topic: str, number: int) -> bytes:
    """A message as the module prints it."""
    text = str(number)
    return f"+MQTTPUBLISH:0,0,0,0,{topic},{len(text)},{text}\r\n".encode()


def inject(modem: m531x.Modem | aio.Modem, data: bytes) -> None:
    assert modem.virtual_modem is not None
    modem.virtual_modem.inject(data)


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest"])
def test_large_messages_count_by_their_bytes(overflow: Overflow, eventually: Eventually) -> None:
    large = f"+MQTTPUBLISH:0,0,0,0,t,{LARGE},".encode() + b"x" * LARGE + b"\r\n"
    with m531x.Modem("virtual://", overflow=overflow, queue_bytes=MOST_BYTES) as modem:
        for count in range(1, 2 * MOST_BYTES // LARGE):
            # One by one, for the line to the modem holds a megabyte.
            inject(modem, large)
            if count % 8 == 0:
                eventually(lambda expected=count: modem.stats().messages >= expected)
        stats = modem.stats()
        assert stats.dropped > 0
        assert stats.queued * LARGE <= MOST_BYTES


@pytest.mark.parametrize("overflow", ["block", "drop_oldest", "drop_newest"])
def test_the_bound_is_hard_while_operations_go_on(overflow: Overflow) -> None:
    with m531x.Modem("virtual://", queue_size=50, overflow=overflow) as modem:
        for _ in range(20):
            inject(modem, b"".join(line("t", n) for n in range(100)))
            assert modem.command("AT+CGMM") == ["M5310-A"]
            assert modem.stats().queued <= 50


def test_an_answer_far_behind_messages_that_are_not_read_is_an_error_that_says_so(
    eventually: Eventually,
) -> None:
    with m531x.Modem("virtual://", queue_size=50, overflow="block") as modem:
        for n in range(40):
            inject(modem, b"".join(line("t", n * 500 + k) for k in range(500)))
        eventually(lambda: modem.stats().queued == 50)
        with pytest.raises(m531x.QueueFullError, match="50 messages wait to be received"):
            modem.command("AT+CGMM")
        got = [int(message.text) for message in modem.messages(timeout=5)]
        assert got == list(range(20_000))
        assert modem.command("AT+CGMM") == ["M5310-A"]


def test_a_subscription_that_is_not_read_holds_up_no_callback(eventually: Eventually) -> None:
    called: list[str] = []
    events: list[m531x.Event] = []
    with m531x.Modem("virtual://", queue_size=50) as modem:
        modem.on_event = events.append
        modem.connect("broker.example", client_id="test")
        unread = modem.subscribe("unread/#")
        modem.subscribe("called", callback=lambda message: called.append(message.text))
        other = modem.subscribe("other")
        for n in range(300):
            inject(modem, line("unread/x", n) + line("called", n))
            if n % 50 == 0:
                inject(modem, line("other", n))
            if n % 25 == 24:
                # Callbacks have a bound of their own, and can fall behind on a busy machine.
                eventually(lambda sent=n + 1: len(called) == sent)
        assert len(called) == 300
        assert called == [str(n) for n in range(300)]
        assert [int(message.text) for message in other.messages(timeout=0)] == [*range(0, 300, 50)]
        assert [int(message.text) for message in unread.messages(timeout=0)] == [*range(250, 300)]
        # One more message shows that the burst is over.
        inject(modem, line("called", 300))
        eventually(lambda: len(called) == 301)
        dropped = [event for event in events if event.kind == m531x.EventKind.DROPPED]
        eventually(lambda: len(dropped) <= 2)
        assert modem.stats().dropped == 250


def test_deliveries_with_callbacks_take_no_messages(eventually: Eventually) -> None:
    called: list[str] = []
    done: list[m531x.Delivery] = []
    with m531x.Modem("virtual://") as modem:
        modem.connect("broker.example", client_id="test")
        modem.subscribe("t", callback=lambda message: called.append(message.text))
        for n in range(200):
            modem.publish_nowait("t", str(n), qos=1).add_done_callback(done.append)
        eventually(lambda: len(done) == 200)
        eventually(lambda: len(called) == 200)
        assert modem.stats().queued == 0


def test_drops_are_one_event_with_the_count_and_one_warning(
    eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    """The burst is over before anything takes the event."""
    counts: list[int] = []

    def take(event: m531x.Event) -> None:
        if event.kind == m531x.EventKind.DROPPED:
            counts.append(event.value)

    with caplog.at_level(logging.WARNING, "m531x"), m531x.Modem("virtual://", queue_size=10) as m:
        m.on_event = take
        m.connect("broker.example", client_id="test")
        m.subscribe("t")
        inject(m, b"".join(line("t", n) for n in range(500)))
        eventually(lambda: m.stats().messages == 500)
        assert [int(message.text) for message in m.messages(timeout=0)] == [*range(490, 500)]
        eventually(lambda: sum(counts) == 490)
        assert counts == [490]
    warnings = [record for record in caplog.records if "dropped" in record.getMessage()]
    assert len(warnings) == 1


@pytest.mark.parametrize("read", [True, False])
def test_a_short_burst_is_one_warning_with_the_whole_count(
    eventually: Eventually, caplog: pytest.LogCaptureFixture, read: bool
) -> None:
    """No later message brings the report of the rest, and no program reads."""
    with caplog.at_level(logging.WARNING, "m531x"), m531x.Modem("virtual://", queue_size=2) as m:
        m.connect("broker.example", client_id="test")
        m.subscribe("t")
        inject(m, b"".join(line("t", n) for n in range(30)))
        eventually(lambda: m.stats().messages == 30)
        if read:
            assert [message.text for message in m.messages(timeout=0)] == ["28", "29"]
        eventually(lambda: "dropped" in caplog.text)
        assert m.stats().dropped == 28
    [warning] = [record for record in caplog.records if "dropped" in record.getMessage()]
    assert "28 messages" in warning.getMessage()


class _Line:
    """A native modem, as far as the warning asks it."""

    def __init__(self, is_serial: bool) -> None:
        self.is_serial_line = lambda: is_serial


@pytest.mark.parametrize("is_serial", [True, False])
def test_block_warns_once_on_a_line_that_cannot_wait(
    is_serial: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "m531x"):
        EventLog(_Line(is_serial), "/dev/ttyUSB0", 0).warn_of_block()  # type: ignore[arg-type]
        with m531x.Modem("virtual://", overflow="block") as modem:
            assert not modem._native.is_serial_line()
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == int(is_serial)
    assert all("without flow control" in warning for warning in warnings)


def test_messages_and_events_keep_the_order_of_the_wire(eventually: Eventually) -> None:
    seen: list[str] = []
    with m531x.Modem("virtual://") as modem:
        modem.on_message = lambda message: seen.append(message.text)
        modem.on_event = lambda event: seen.append(event.text)
        for n in range(100):
            inject(modem, line("t", n) + f"\r\n+MYURC:{n}\r\n".encode())
        eventually(lambda: sum(text.startswith("+MYURC") for text in seen) == 100)
        wanted = [text for n in range(100) for text in (str(n), f"+MYURC:{n}")]
        assert [text for text in seen if text in set(wanted)] == wanted


def test_a_message_of_several_filters_is_read_once() -> None:
    with m531x.Modem("virtual://") as modem:
        modem.connect("broker.example", client_id="test")
        wide, narrow = modem.subscribe("a/#"), modem.subscribe("a/b")
        for n in range(10):
            inject(modem, line("a/b" if n % 2 else "a/c", n))
        first = [next(source.messages(timeout=5)).text for source in (narrow, modem, wide, narrow)]
        assert first == ["1", "0", "2", "3"]
        assert [message.text for message in modem.messages(timeout=0.1)] == list("456789")
        assert list(narrow.messages(timeout=0)) == []


def test_on_a_loop_a_subscription_that_is_not_read_holds_up_no_callback() -> None:
    async def main() -> None:
        called: list[str] = []
        async with aio.Modem("virtual://", queue_size=400) as modem:
            await modem.connect("broker.example", client_id="test")
            unread = await modem.subscribe("unread/#")
            await modem.subscribe("called", callback=lambda message: called.append(message.text))
            for n in range(300):
                # No callback is called before this has ended.
                inject(modem, line("unread/x", n) + line("called", n) + line("unread/y", n))
            while len(called) < 300:
                await asyncio.sleep(0.005)
            assert called == [str(n) for n in range(300)]
            left = [int(message.text) async for message in unread.messages(timeout=0)]
            assert left == [n // 2 for n in range(200, 600)]
            stats = modem.stats()
            assert (stats.queued, stats.dropped) == (0, 200)

    asyncio.run(main())


@pytest.mark.parametrize("overflow", ["block", "drop_oldest", "drop_newest"])
def test_on_a_loop_the_bound_is_hard_while_operations_go_on(overflow: Overflow) -> None:
    async def main() -> None:
        async with aio.Modem("virtual://", queue_size=50, overflow=overflow) as modem:
            for _ in range(20):
                inject(modem, b"".join(line("t", n) for n in range(100)))
                assert await modem.command("AT+CGMM") == ["M5310-A"]
                assert modem.stats().queued <= 50

    asyncio.run(main())
