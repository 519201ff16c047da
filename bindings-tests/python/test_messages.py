"""Reading messages without callbacks, and what happens when nobody reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

import m531x

Eventually = Callable[[Callable[[], bool]], None]


def test_messages_gives_what_was_there_before_it_was_called(memory_modem: m531x.Modem) -> None:
    memory_modem.subscribe("a", qos=1)
    for number in range(3):
        memory_modem.publish("a", str(number), qos=1)
    assert [message.text for message in memory_modem.messages(timeout=0.5)] == ["0", "1", "2"]


def test_messages_ends_after_the_timeout(memory_modem: m531x.Modem) -> None:
    begun = time.monotonic()
    assert list(memory_modem.messages(timeout=0.2)) == []
    assert 0.2 <= time.monotonic() - begun < 10
    assert list(memory_modem.messages(timeout=0)) == []


def test_a_subscription_reads_its_own_and_leaves_the_rest(memory_modem: m531x.Modem) -> None:
    first = memory_modem.subscribe("a/#", qos=1)
    memory_modem.subscribe("b", qos=1)
    for topic, text in [("b", "1"), ("a/x", "2"), ("b", "3"), ("a/y", "4")]:
        memory_modem.publish(topic, text, qos=1)
    assert [message.text for message in first.messages(timeout=0.5)] == ["2", "4"]
    assert [message.text for message in memory_modem.messages(timeout=0)] == ["1", "3"]


def test_a_message_of_two_subscriptions_is_read_once(memory_modem: m531x.Modem) -> None:
    wide, narrow = memory_modem.subscribe("a/#", qos=1), memory_modem.subscribe("a/b", qos=1)
    memory_modem.publish("a/b", "x", qos=1)
    assert [message.text for message in narrow.messages(timeout=0.5)][:1] == ["x"]
    # A broker may deliver once for each subscription that matches; both are this message.
    assert {message.text for message in wide.messages(timeout=0)} <= {"x"}
    assert list(memory_modem.messages(timeout=0)) == []


def test_a_subscription_with_a_callback_has_no_messages(memory_modem: m531x.Modem) -> None:
    subscription = memory_modem.subscribe("a", callback=print)
    with pytest.raises(m531x.InvalidArgumentError, match="callback"):
        subscription.messages(timeout=0)


def test_close_ends_an_iteration_that_waits(memory_modem: m531x.Modem) -> None:
    got: list[m531x.Message] = []
    reader = threading.Thread(target=lambda: got.extend(memory_modem.messages()))
    reader.start()
    time.sleep(0.1)
    begun = time.monotonic()
    memory_modem.close()
    reader.join(5)
    assert not reader.is_alive()
    assert time.monotonic() - begun < 5
    assert got == []


def test_a_lost_port_ends_an_iteration_with_a_port_error(
    virtual: m531x.VirtualModem, client_id: str
) -> None:
    with m531x.Modem(virtual.port, recovery=None) as modem:
        modem.connect("broker.example", client_id=client_id)
        threading.Timer(0.1, virtual.close).start()
        with pytest.raises(m531x.PortError):
            next(iter(modem.messages(timeout=10)))


@pytest.mark.parametrize("reader", ["modem", "subscription"])
@pytest.mark.parametrize(
    ("overflow", "kept"), [("drop_oldest", range(90, 100)), ("drop_newest", range(10))]
)
def test_beyond_the_queue_messages_are_dropped_and_counted(
    overflow: str, kept: range, reader: str, eventually: Eventually
) -> None:
    with m531x.Modem("virtual://", queue_size=10, overflow=overflow) as modem:  # type: ignore[arg-type]
        modem.connect("broker.example", client_id="test")
        subscription = modem.subscribe("n", qos=1)
        for number in range(100):
            modem.publish("n", str(number), qos=1)
            eventually(lambda: modem.stats().messages > number)  # noqa: B023 - used at once
        eventually(lambda: modem.stats().dropped == 90)
        source = modem if reader == "modem" else subscription
        got = [int(message.text) for message in source.messages(timeout=0.2)]
        assert got == list(kept)


def test_block_loses_nothing_though_nobody_reads_for_a_while() -> None:
    with m531x.Modem("virtual://", queue_size=10, overflow="block") as modem:
        modem.connect("broker.example", client_id="test")
        modem.subscribe("n", qos=1)
        for number in range(200):
            modem.publish("n", str(number), qos=1)
        got = [int(message.text) for message in modem.messages(timeout=1)]
        assert got == list(range(200))
        assert modem.stats().dropped == 0


def test_a_slow_callback_loses_nothing(memory_modem: m531x.Modem, eventually: Eventually) -> None:
    got: list[int] = []

    def callback(message: m531x.Message) -> None:
        time.sleep(0.002)
        got.append(int(message.text))

    memory_modem.subscribe("n", qos=1, callback=callback)
    for number in range(200):
        memory_modem.publish_nowait("n", str(number), qos=1)
    eventually(lambda: len(got) >= 200)
    assert got == list(range(200))


def test_many_threads_may_use_one_modem(memory_modem: m531x.Modem, eventually: Eventually) -> None:
    got: list[str] = []
    memory_modem.subscribe("t/#", qos=1, callback=lambda message: got.append(message.text))

    def work(name: int) -> None:
        for number in range(20):
            memory_modem.publish(f"t/{name}", f"{name}-{number}", qos=1)
            assert memory_modem.command("AT+CGMM") == ["M5310-A"]

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: len(got) >= 120)
    assert sorted(got) == sorted(f"{name}-{number}" for name in range(6) for number in range(20))
    for name in range(6):
        own = [text for text in got if text.startswith(f"{name}-")]
        assert own == [f"{name}-{number}" for number in range(20)]
