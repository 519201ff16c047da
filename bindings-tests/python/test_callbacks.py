"""Which callback gets what, and what callbacks may do."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable

import pytest

import m531x

Eventually = Callable[[Callable[[], bool]], None]


def test_a_message_goes_to_every_matching_callback_and_only_there(
    memory_modem: m531x.Modem,
) -> None:
    calls: queue.Queue[tuple[str, str]] = queue.Queue()
    memory_modem.on_message = lambda message: calls.put(("on_message", message.text))
    memory_modem.subscribe("a/#", callback=lambda message: calls.put(("a/#", message.text)))
    memory_modem.subscribe("+/b", callback=lambda message: calls.put(("+/b", message.text)))
    memory_modem.subscribe("c")
    memory_modem.publish("c", "plain")
    assert calls.get(timeout=10) == ("on_message", "plain")
    memory_modem.publish("a/x", "one")
    assert calls.get(timeout=10) == ("a/#", "one")
    memory_modem.publish("x/b", "two")
    assert calls.get(timeout=10) == ("+/b", "two")


@pytest.mark.parametrize("shared", ["$share/group/", "$queue/", "$exclusive/"])
def test_messages_of_a_shared_subscription_go_to_its_callback_or_reader(
    memory_modem: m531x.Modem, shared: str
) -> None:
    calls: queue.Queue[str] = queue.Queue()
    memory_modem.subscribe(f"{shared}a/+", callback=lambda message: calls.put(message.topic))
    subscription = memory_modem.subscribe(f"{shared}b/#")
    memory_modem.publish("a/1", "x")
    assert calls.get(timeout=10) == "a/1"
    memory_modem.publish("b/2", "y")
    received = next(subscription.messages(timeout=10))
    assert (received.topic, received.text) == ("b/2", "y")
    assert calls.empty()


def test_on_message_gets_what_no_subscription_takes_and_messages_the_rest(
    memory_modem: m531x.Modem,
) -> None:
    called: queue.Queue[str] = queue.Queue()
    memory_modem.subscribe("a")
    memory_modem.on_message = lambda message: called.put(message.text)
    memory_modem.publish("a", "1")
    assert called.get(timeout=10) == "1"
    memory_modem.on_message = None
    memory_modem.publish("a", "2")
    assert next(iter(memory_modem.messages(timeout=10))).text == "2"
    assert called.empty()


def test_a_callback_that_the_filter_has_gets_each_message_once(
    memory_modem: m531x.Modem,
) -> None:
    received: queue.Queue[m531x.Message] = queue.Queue()
    for _ in range(2):  # as programs do in on_connect
        memory_modem.subscribe("a", callback=received.put)
    memory_modem.publish("a", "1", qos=1)
    memory_modem.publish("a", "2", qos=1)
    assert [received.get(timeout=10).text for _ in range(2)] == ["1", "2"]
    assert received.empty()


@pytest.mark.parametrize("way", ["subscribe", "subscribe_nowait", "add_callback"])
def test_on_connect_replaces_the_callbacks_that_it_registered_before(way: str) -> None:
    received: queue.Queue[tuple[str, int, str]] = queue.Queue()
    connected: queue.Queue[int] = queue.Queue()
    calls = 0
    with m531x.Modem("virtual://", recovery=m531x.Recovery(initial_delay=0.01)) as modem:

        def on_connect() -> None:
            nonlocal calls
            calls += 1
            register = modem.add_callback if way == "add_callback" else modem.subscribe
            for name in ("first", "second"):  # both stay, as they are of one call

                def callback(message: m531x.Message, name: str = name, call: int = calls) -> None:
                    received.put((name, call, message.text))

                if way == "subscribe_nowait":
                    modem.subscribe_nowait("a", callback=callback).wait(10)
                else:
                    register("a", callback=callback)
            connected.put(calls)

        modem.on_connect = on_connect
        modem.connect("broker.example", client_id="test")
        assert connected.get(timeout=10) == 1
        modem.subscribe("a", callback=lambda message: received.put(("kept", 0, message.text)))
        assert modem.virtual_modem is not None
        for call in (2, 3):
            modem.virtual_modem.reboot()
            assert connected.get(timeout=30) == call
        modem.publish("a", "x", qos=1)
        expected = {("first", 3, "x"), ("second", 3, "x"), ("kept", 0, "x")}
        assert {received.get(timeout=10) for _ in expected} == expected
        modem.publish("a", "y", qos=1)
        assert {received.get(timeout=10)[2] for _ in expected} == {"y"}
        assert received.empty()


def test_a_refused_subscription_of_on_connect_leaves_the_callback_of_its_call_before() -> None:
    received: queue.Queue[str] = queue.Queue()
    connected: queue.Queue[bool] = queue.Queue()
    # On a busy machine the broker can be quicker than a timeout of 0 s; then it is not refused.
    subscribed: list[str] = []
    with m531x.Modem("virtual://", recovery=m531x.Recovery(initial_delay=0.01)) as modem:

        def on_connect() -> None:
            first = not modem.subscriptions()
            text = "first" if first else "second"
            with contextlib.suppress(m531x.ModemTimeoutError):
                modem.subscribe(
                    "a", callback=lambda _: received.put(text), timeout=None if first else 0
                )
                subscribed.append(text)
            connected.put(first)

        modem.on_connect = on_connect
        modem.connect("broker.example", client_id="test")
        assert connected.get(timeout=10)
        assert modem.virtual_modem is not None
        modem.virtual_modem.reboot()
        assert not connected.get(timeout=30)
        modem.publish("a", "x", qos=1)
        assert received.get(timeout=10) == subscribed[-1]


def test_a_done_callback_runs_although_the_modem_is_closed(memory_modem: m531x.Modem) -> None:
    delivery = memory_modem.publish_nowait("a", "x", qos=1)
    memory_modem.close()
    called: list[m531x.Delivery] = []
    delivery.add_done_callback(called.append)
    assert called == [delivery]


def test_a_refused_subscription_leaves_the_old_callback(memory_modem: m531x.Modem) -> None:
    calls: queue.Queue[str] = queue.Queue()
    memory_modem.subscribe("a", callback=lambda _: calls.put("first"))
    with pytest.raises(m531x.InvalidArgumentError):
        memory_modem.subscribe("a", qos=3, callback=lambda _: calls.put("second"))
    memory_modem.publish("a", "x")
    assert calls.get(timeout=10) == "first"


def test_a_callback_may_use_the_modem(memory_modem: m531x.Modem) -> None:
    done: queue.Queue[object] = queue.Queue()

    def callback(message: m531x.Message) -> None:
        modem = memory_modem
        done.put(modem.command("AT+CGMM"))
        answers = modem.subscribe("answer", qos=1, callback=lambda answer: done.put(answer.text))
        done.put(answers.granted_qos)
        modem.publish("answer", message.payload.upper(), qos=1)

    memory_modem.subscribe("question", callback=callback)
    memory_modem.publish("question", "hello")
    assert [done.get(timeout=10) for _ in range(3)] == [["M5310-A"], 1, "HELLO"]


def test_a_callback_may_close_the_modem(memory_modem: m531x.Modem) -> None:
    calls: list[str] = []
    finished = threading.Event()

    def callback(message: m531x.Message) -> None:
        memory_modem.close()
        calls.append(message.text)
        finished.set()

    memory_modem.subscribe("a", callback=callback)
    memory_modem.publish_nowait("a", "1")
    with contextlib.suppress(m531x.ClosedError):
        memory_modem.publish_nowait("a", "2")
    assert finished.wait(10)
    assert memory_modem.closed
    assert calls == ["1"]


def test_callbacks_run_in_order_on_one_thread(memory_modem: m531x.Modem) -> None:
    seen: queue.Queue[tuple[str, str]] = queue.Queue()
    memory_modem.subscribe(
        "n", qos=1, callback=lambda m: seen.put((m.text, threading.current_thread().name))
    )
    for number in range(50):
        memory_modem.publish("n", str(number), qos=1)
    got = [seen.get(timeout=10) for _ in range(50)]
    assert [text for text, _ in got] == [str(number) for number in range(50)]
    assert {thread for _, thread in got} == {"m531x-dispatcher"}


def test_an_exception_in_a_callback_is_told_counted_and_survived(
    memory_modem: m531x.Modem, thread_errors: list[BaseException | None]
) -> None:
    after: queue.Queue[str] = queue.Queue()

    def callback(message: m531x.Message) -> None:
        if message.text == "bad":
            raise RuntimeError("on purpose")
        after.put(message.text)

    memory_modem.subscribe("a", callback=callback)
    memory_modem.publish("a", "bad")
    memory_modem.publish("a", "good")
    assert after.get(timeout=10) == "good"
    assert [str(error) for error in thread_errors] == ["on purpose"]
    assert memory_modem.stats().callback_errors == 1


def test_sys_exit_in_a_callback_is_reported_as_what_ends_nothing(
    memory_modem: m531x.Modem,
    thread_errors: list[BaseException | None],
    eventually: Eventually,
) -> None:
    received: queue.Queue[str] = queue.Queue()

    def callback(message: m531x.Message) -> None:
        received.put(message.text)
        sys.exit("enough")

    memory_modem.subscribe("t", callback=callback)
    for text in ("1", "2"):
        memory_modem.publish("t", text)
        assert received.get(timeout=10) == text
    eventually(lambda: len(thread_errors) == 2)
    error = thread_errors[0]
    assert isinstance(error, RuntimeError)
    assert "sys.exit('enough') in a callback does not end the program" in str(error)
    assert isinstance(error.__cause__, SystemExit)
    assert memory_modem.stats().callback_errors == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_sys_exit_in_the_done_callback_of_a_pending_is_reported_and_the_next_runs(
    memory_modem: m531x.Modem,
    thread_errors: list[BaseException | None],
    eventually: Eventually,
    when: str,
) -> None:
    next_ran = threading.Event()
    pending = memory_modem.subscribe_nowait("t")
    if when == "after":
        pending.wait(10)
    pending.add_done_callback(lambda _: sys.exit("enough"))
    pending.add_done_callback(lambda _: next_ran.set())
    assert next_ran.wait(10)
    eventually(lambda: len(thread_errors) == 1)
    assert "sys.exit('enough') in a callback" in str(thread_errors[0])
    assert memory_modem.stats().callback_errors == 1


def test_a_done_callback_is_called_once_with_the_delivery(memory_modem: m531x.Modem) -> None:
    done: queue.Queue[m531x.Delivery] = queue.Queue()
    delivery = memory_modem.publish_nowait("a", "b", qos=1)
    delivery.add_done_callback(done.put)
    assert done.get(timeout=10) is delivery
    assert delivery.wait(0).qos == 1
    delivery.add_done_callback(done.put)
    assert done.get(timeout=10) is delivery
    with pytest.raises(queue.Empty):
        done.get(timeout=0.1)


def test_a_done_callback_is_called_when_the_modem_is_closed_first() -> None:
    done: queue.Queue[m531x.Delivery] = queue.Queue()
    with m531x.VirtualModem(faults=["lost-ack=puback"]) as virtual:
        with m531x.Modem(virtual.port) as modem:
            modem.connect("broker.example", client_id="test")
            delivery = modem.publish_nowait("a", "b", qos=1)
            delivery.add_done_callback(done.put)
            with pytest.raises(m531x.ModemTimeoutError, match="goes on"):
                delivery.wait(timeout=0.1)
            modem.close()
        assert done.get(timeout=10) is delivery
        with pytest.raises(m531x.ClosedError):
            delivery.wait(0)


def test_on_event_tells_urcs_with_their_line(
    virtual: m531x.VirtualModem, eventually: Eventually
) -> None:
    events: list[m531x.Event] = []
    with m531x.Modem(virtual.port) as modem:
        modem.on_event = events.append
        virtual.inject(b"\r\n+CEREG:5\r\n")
        eventually(lambda: any("+CEREG:5" in event.text for event in events))
    urc = next(event for event in events if "+CEREG:5" in event.text)
    assert urc.kind is m531x.EventKind.URC
    assert abs(urc.timestamp - time.time()) < 60
