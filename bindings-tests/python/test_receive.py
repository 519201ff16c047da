"""Reading messages one by one or in a loop, and what ends the reading."""

from __future__ import annotations

import select
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

import m531x

Eventually = Callable[[Callable[[], bool]], None]


def test_receive_returns_the_next_message(memory_modem: m531x.Modem) -> None:
    meters = memory_modem.subscribe("meter/#")
    for n in range(3):
        memory_modem.publish("meter/17", str(n), qos=1)
    assert memory_modem.receive(timeout=10).text == "0"
    assert meters.receive(timeout=10).text == "1"
    assert memory_modem.receive().text == "2"


def test_receive_without_a_message_says_what_is_likely_the_matter(
    memory_modem: m531x.Modem,
) -> None:
    with pytest.raises(m531x.ModemTimeoutError, match=r"0\.01 s; nothing is subscribed"):
        memory_modem.receive(timeout=0.01)
    subscription = memory_modem.subscribe("t")
    with pytest.raises(TimeoutError, match=r"^no message waits$"):
        subscription.receive(timeout=0)
    memory_modem.on_message = lambda _message: None
    with pytest.raises(m531x.ModemTimeoutError, match="on_message takes"):
        memory_modem.receive(timeout=0)


def test_receive_of_a_subscription_with_a_callback_is_refused(memory_modem: m531x.Modem) -> None:
    subscription = memory_modem.subscribe("t", callback=lambda _message: None)
    with pytest.raises(m531x.InvalidArgumentError, match="has a callback"):
        subscription.receive(timeout=0)


def waiting(read: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """A thread that reads, and what came of it."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(read())
        except m531x.M531xError as error:
            outcome.append(type(error))

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


ENDS: dict[str, tuple[Callable[[m531x.Modem, m531x.Subscription], None], type, bool]] = {
    "unsubscribe": (lambda _, subscription: subscription.unsubscribe(), m531x.ClosedError, False),
    "unsubscribe by filter": (lambda modem, _: modem.unsubscribe("t"), m531x.ClosedError, False),
    "disconnect": (lambda modem, _: modem.disconnect(), m531x.NotConnectedError, True),
    "close": (lambda modem, _: modem.close(), m531x.ClosedError, True),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_wait_ends_with_what_it_waits_for(memory_modem: m531x.Modem, name: str) -> None:
    end, error, ends_all = ENDS[name]
    subscription = memory_modem.subscribe("t")
    reads: list[tuple[Callable[[], object], object]] = [
        (lambda: list(subscription.messages()), []),
        (subscription.receive, error),
    ]
    if ends_all:
        reads += [(lambda: list(memory_modem.messages()), []), (memory_modem.receive, error)]
    threads = [(waiting(read), expected) for read, expected in reads]
    end(memory_modem, subscription)
    for (thread, outcome), expected in threads:
        thread.join(10)
        # One that came too late to wait gets the error of what has ended.
        assert outcome in ([expected], [m531x.ClosedError], [m531x.ModemTimeoutError])
        assert not thread.is_alive()


def test_a_loop_that_ends_what_it_reads_gets_the_rest_first(memory_modem: m531x.Modem) -> None:
    memory_modem.subscribe("t")
    for n in range(3):
        memory_modem.publish("t", str(n), qos=1)
    texts = []
    for message in memory_modem.messages(timeout=30):
        if message.text == "0":
            memory_modem.disconnect()
        texts.append(message.text)
    assert texts == ["0", "1", "2"]


def test_a_new_iteration_after_a_new_connection_goes_on(memory_modem: m531x.Modem) -> None:
    memory_modem.disconnect()
    memory_modem.connect("broker.example", client_id="test")
    memory_modem.subscribe("t")
    memory_modem.publish("t", "x", qos=1)
    assert next(memory_modem.messages(timeout=10)).text == "x"


def test_two_subscriptions_of_a_filter_get_every_message(
    memory_modem: m531x.Modem, eventually: Eventually
) -> None:
    one, two = memory_modem.subscribe("t"), memory_modem.subscribe("t", qos=1)
    called: list[str] = []
    three = memory_modem.subscribe("t", callback=lambda message: called.append(message.text))
    for n in range(3):
        memory_modem.publish("t", str(n), qos=1)
    for subscription in (one, two):
        assert [subscription.receive(timeout=10).text for _ in range(3)] == ["0", "1", "2"]
    eventually(lambda: len(called) == 3)
    three.unsubscribe()
    memory_modem.publish("t", "3", qos=1)
    assert [one.receive(timeout=10).text, two.receive(timeout=10).text] == ["3", "3"]
    assert called == ["0", "1", "2"]
    assert (one.live, two.live, three.live) == (True, True, False)


def test_a_further_subscription_of_a_filter_lowers_no_qos(memory_modem: m531x.Modem) -> None:
    one = memory_modem.subscribe("t", qos=1)
    two = memory_modem.subscribe("t", callback=print)
    memory_modem.publish("t", "x", qos=1)
    assert one.receive(timeout=10).qos == 1
    assert (one.granted_qos, two.granted_qos) == (1, 1)
    one.unsubscribe()
    assert memory_modem.subscribe("t", qos=0).granted_qos == 0


def test_the_last_unsubscribe_unsubscribes(memory_modem: m531x.Modem) -> None:
    one, two = memory_modem.subscribe("t"), memory_modem.subscribe("t", qos=1)
    assert (one.topic, one.granted_qos, two.granted_qos) == ("t", 0, 1)
    one.unsubscribe()
    one.unsubscribe()
    assert memory_modem.subscriptions() == ["t"]
    with pytest.raises(m531x.ClosedError, match="has ended"):
        one.receive(timeout=0)
    memory_modem.publish("t", "x", qos=1)
    assert two.receive(timeout=10).text == "x"
    two.unsubscribe()
    assert memory_modem.subscriptions() == []
    assert not two.live


def test_the_descriptor_is_readable_while_a_message_waits(
    memory_modem: m531x.Modem, eventually: Eventually
) -> None:
    number = memory_modem.fileno()
    assert memory_modem.fileno() == number

    def is_readable() -> bool:
        return bool(select.select([number], [], [], 0)[0])

    one, two = memory_modem.subscribe("t"), memory_modem.subscribe("t")
    assert not is_readable()
    memory_modem.publish("t", "x", qos=1)
    eventually(is_readable)
    one.receive(timeout=10)
    assert is_readable()
    two.receive(timeout=10)
    assert not is_readable()


def test_callbacks_come_ahead_of_the_connection(
    another: Callable[..., m531x.Modem], client_id: str, topic: str
) -> None:
    first = another(client_id=client_id, clean_session=False)
    first.subscribe(topic, qos=1)
    first.disconnect()
    first.delete()
    another().publish(topic, "kept", qos=1)
    received: list[str] = []
    come = threading.Event()

    def callback(message: m531x.Message) -> None:
        received.append(message.text)
        come.set()

    first.add_callback(topic, callback)
    session = first.connect("broker.example", client_id=client_id, clean_session=False)
    assert session.session_present in (True, None)
    assert come.wait(10)
    assert received == ["kept"]
    first.remove_callback(topic)
    first.unsubscribe(topic)


def test_a_clean_session_is_known_to_be_new(memory_modem: m531x.Modem) -> None:
    memory_modem.disconnect()
    session = memory_modem.connect("broker.example", client_id="test")
    assert session == m531x.Session(session_present=False)


@pytest.mark.parametrize("topic", ["a/#/b", "", 5])
def test_a_wrong_filter_of_a_callback_is_refused(memory_modem: m531x.Modem, topic: str) -> None:
    with pytest.raises(m531x.InvalidArgumentError, match="topic"):
        memory_modem.add_callback(topic, print)


def test_what_is_begun_can_be_waited_for() -> None:
    done: list[bool] = []
    with m531x.Modem("virtual://") as modem:
        connecting = modem.connect_nowait("broker.example", client_id="test")
        assert connecting.wait(timeout=30).session_present is False
        assert connecting.done()
        subscribing = modem.subscribe_nowait("t", qos=1)
        come = threading.Event()

        def ended(pending: m531x.Pending[m531x.Subscription]) -> None:
            done.append(pending.done())
            come.set()

        subscribing.add_done_callback(ended)
        assert subscribing.wait().granted_qos == 1
        assert come.wait(10)
        refused = modem.subscribe_nowait("a/#/b")
        with pytest.raises(m531x.InvalidArgumentError, match="wildcard"):
            refused.wait(timeout=30)
    assert done == [True]


def test_the_longest_payload_is_the_longest_that_is_accepted(memory_modem: m531x.Modem) -> None:
    for binary, byte in ((True, b"\0"), (False, b"a")):
        longest = memory_modem.max_payload("t", binary)
        memory_modem.publish("t", byte * longest, qos=2)
        with pytest.raises(m531x.InvalidArgumentError):
            memory_modem.publish("t", byte * (longest + 1), qos=2)


def test_the_end_of_with_disconnects(virtual: m531x.VirtualModem, client_id: str) -> None:
    with m531x.Modem(virtual.port) as modem:
        modem.connect("broker.example", client_id=client_id)
    with m531x.Modem(virtual.port) as modem:
        assert modem.status() is not m531x.MqttState.CONNECTED
        modem.connect("broker.example", client_id=client_id)
        modem.close()
    with m531x.Modem(virtual.port, recovery=None) as modem:
        assert modem.status() is m531x.MqttState.CONNECTED


def test_the_end_of_with_waits_no_longer_than_a_goodbye_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("m531x._modem.LEAVING_S", 0.0)
    with m531x.VirtualModem() as virtual, m531x.Modem(virtual.port) as modem:
        modem.connect("broker.example", client_id="test")
        virtual.cut_network()
    assert modem.closed


@pytest.mark.parametrize("name", ["aio", "clouds", "doctor", "paho", "plot", "recording"])
def test_the_package_makes_its_modules_reachable(name: str) -> None:
    # In a process of its own: here others have imported them.
    code = f"import m531x; assert m531x.{name}.__name__ == 'm531x.{name}'"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_package_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        m531x.nothing  # noqa: B018
