"""A subscription that was granted stays, whatever the module forgets or refuses (B7)."""

from __future__ import annotations

import contextlib
import threading

import pytest

import m531x
from referee_bench import Bench, MakeBench
from referee_traits import Traits


def next_text(subscription: m531x.Subscription) -> str:
    return next(subscription.messages(timeout=20)).text


def resubscribed(made: Bench) -> tuple[list[m531x.Event], threading.Event]:
    """The events RESUBSCRIBED, and what is set at the first."""
    events: list[m531x.Event] = []
    came = threading.Event()

    def look(event: m531x.Event) -> None:
        if event.kind is m531x.EventKind.RESUBSCRIBED:
            events.append(event)
            came.set()

    made.modem.on_event = look
    return events, came


@pytest.mark.parametrize("how", ["fin", "silent", "reboot"])
def test_subscriptions_are_made_again_after_every_reconnect(bench: MakeBench, how: str) -> None:
    """The module's table is always empty then, also with a session that the broker kept."""
    made = bench(connect=False)
    made.connect(keepalive=11, clean_session=False)
    module, modem, _ = made
    subscriptions = [modem.subscribe(f"room/{n}", qos=n) for n in range(3)]
    _, came = resubscribed(made)
    module.reboot() if how == "reboot" else module.cut(how)
    assert came.wait(30)
    module.wait_for(lambda: len(module.client.table) == 3)
    for number, subscription in enumerate(subscriptions):
        module.broker.publish(f"room/{number}", b"after", qos=2)
        assert next_text(subscription) == "after"
    assert modem.subscriptions() == ["room/0", "room/1", "room/2"]


@pytest.mark.parametrize("number", [606, 3, 601, 609, 621])
def test_a_topic_that_is_in_the_table_already_is_not_dropped(bench: MakeBench, number: int) -> None:
    """B7: subscribed twice, and refused with a number of another family."""
    module, modem, _ = bench(Traits(subscribed_number=number))
    subscription = modem.subscribe("room", qos=1)
    with contextlib.suppress(m531x.SubscribeError):  # an honest answer, too
        modem.subscribe("room", qos=1)
    assert modem.subscriptions() == ["room"]
    module.broker.publish("room", b"still there", qos=1)
    assert next_text(subscription) == "still there"


@pytest.mark.parametrize("number", [606, 3, 601, 609, 621])
def test_a_topic_that_the_module_knows_already_is_kept_after_a_reconnect(
    bench: MakeBench, number: int
) -> None:
    """B7: the SUBACK of a re-subscription is late, so it is asked for twice and then refused."""
    made = bench(Traits(subscribed_number=number))
    module, modem, _ = made
    subscription = modem.subscribe("room", qos=1)
    module.hold('AT+MQTTSUB="room",1')
    module.cut("fin")
    module.wait_until_held('AT+MQTTSUB="room",1')
    with module.lock:
        module.client.table["room"] = 1
    module.release('AT+MQTTSUB="room",1')
    module.wait_for(lambda: ('AT+MQTTSUB="room",1', number) in module.refused)
    assert made.judge.publish("a", 1)
    assert modem.subscriptions() == ["room"]
    with module.lock:
        module.broker._sessions["meter"].filters["room"] = 1
    module.broker.publish("room", b"still there", qos=1)
    assert next_text(subscription) == "still there"


def test_a_filter_that_was_revoked_is_dropped_with_an_event(bench: MakeBench) -> None:
    """The broker answers 0x80, and the module prints it."""
    made = bench(Traits(silent_suback=False))
    module, modem, judge = made
    modem.subscribe("kept", qos=1)
    modem.subscribe("revoked", qos=1)
    events, came = resubscribed(made)
    module.broker.refuses.add("revoked")
    module.cut("fin")
    module.wait_for(lambda: modem.subscriptions() == ["kept"], 30)
    assert judge.publish("a", 1)
    assert came.wait(10)
    module.wait_for(lambda: any(e.value < 0 and "revoked" in e.text for e in events))


def test_a_filter_that_costs_the_connection_is_dropped_with_an_event(bench: MakeBench) -> None:
    """The broker closes the connection at its SUBSCRIBE: three connections, no more."""
    made = bench()
    module, modem, judge = made
    kept = modem.subscribe("kept", qos=1)
    modem.subscribe("revoked", qos=1)
    events, _ = resubscribed(made)
    module.broker.closes_on.add("revoked")
    module.cut("fin")
    waiting = judge.start("a", 1)
    module.wait_for(lambda: modem.subscriptions() == ["kept"], 40)
    assert judge.wait(*waiting)
    module.wait_for(lambda: any(e.value < 0 and "revoked" in e.text for e in events))
    assert module.broker.connections <= 6
    module.wait_for(lambda: "kept" in module.client.table)
    module.broker.publish("kept", b"still there", qos=1)
    assert next_text(kept) == "still there"
    judge.check_nothing_failed()


def test_a_subscribe_that_costs_the_connection_fails_by_itself(bench: MakeBench) -> None:
    module, modem, judge = bench()
    module.broker.closes_on.add("forbidden")
    with pytest.raises(m531x.M531xError):
        modem.subscribe("forbidden", qos=1, timeout=40)
    assert judge.publish("a", 1)
    assert modem.subscriptions() == []
    assert module.broker.connections <= 5


def test_a_silent_refusal_is_an_error(bench: MakeBench) -> None:
    """0x80, nothing printed but ``+MQTTTO:3``."""
    module, modem, judge = bench()
    module.broker.refuses.add("forbidden")
    with pytest.raises(m531x.SubscribeError):
        modem.subscribe("forbidden", qos=1)
    assert judge.publish("a", 1)


def test_a_silent_lower_qos_is_no_reason_to_reconnect_for_ever(bench: MakeBench) -> None:
    """Granted lower: nothing printed, not in the table, and yet messages come."""
    module, modem, judge = bench()
    module.broker.highest_qos = 0
    with pytest.raises(m531x.SubscribeError):
        modem.subscribe("room", qos=1)
    assert modem.subscribe("room", qos=0).granted_qos == 0
    assert judge.publish("a", 1)
    assert module.broker.connections == 1


def test_unsubscribing_what_the_module_does_not_know_ends_it(bench: MakeBench) -> None:
    module, modem, _ = bench()
    modem.subscribe("room", qos=1)
    with module.lock:
        module.client.table.clear()
    with contextlib.suppress(m531x.CommandError):
        modem.unsubscribe("room")
    assert modem.subscriptions() == []


def test_subscribing_again_after_an_unsubscribe_without_an_answer(bench: MakeBench) -> None:
    """UNSUBACK is late: the broker has no such filter any more, and the module's table still has.

    A success that is reported has to be one.
    """
    module, modem, _ = bench()
    modem.subscribe("room", qos=1)
    module.broker.ack_delay = lambda _packet: 20.0
    with pytest.raises(m531x.M531xError):
        modem.unsubscribe("room")
    module.broker.ack_delay = lambda _packet: 0.0
    assert module.client.table == {"room": 1}
    assert module.broker.filters() == {}
    try:
        subscription = modem.subscribe("room", qos=1)
    except m531x.M531xError:
        return
    module.broker.publish("room", b"hello", qos=1)
    assert next_text(subscription) == "hello"


def test_a_filter_refused_without_a_word_is_not_asked_for_without_end(bench: MakeBench) -> None:
    """0x80 or a lower QoS at a re-subscription prints nothing but ``+MQTTTO:3``."""
    module, modem, judge = bench(Traits(scale=0.02))
    modem.subscribe("kept", qos=1)
    modem.subscribe("refused", qos=1)
    modem.subscribe("lower", qos=2)
    events, _ = resubscribed(Bench(module, modem, judge))
    module.broker.refuses.add("refused")
    module.broker.highest_qos = 1
    module.cut("fin")
    for number in range(3):
        assert judge.publish("a", 1 + number % 2)
    module.wait_for(
        lambda: {event.text for event in events if event.value < 0} >= {"refused", "lower"}
    )
    settled = module.broker.connections
    assert settled <= 4
    for number in range(10):
        assert judge.publish("a", 1 + number % 2)
    assert module.broker.connections == settled
    judge.check_nothing_failed()
    assert "kept" in module.client.table


def test_what_the_broker_kept_for_the_session_arrives(bench: MakeBench) -> None:
    """With ``clean_session=False``, before the driver has subscribed again."""
    made = bench(connect=False)
    made.connect(clean_session=False)
    module, modem, _ = made
    subscription = modem.subscribe("room", qos=1)
    with module.lock:
        module.cut("fin")
        for number in range(5):
            module.broker.publish("room", str(number).encode(), qos=1)
    texts = [next_text(subscription) for _ in range(5)]
    assert texts == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("shorter", [1, 10, 39])
def test_a_message_that_is_shorter_than_it_says_is_flagged(bench: MakeBench, shorter: int) -> None:
    """On a slow network fewer bytes come than declared, and CR LF behind them."""
    module, modem, judge = bench()
    subscription = modem.subscribe("room", qos=1)
    module.shorten_messages(shorter)
    module.broker.publish("room", b"x" * 40, qos=1)
    message = next(subscription.messages(timeout=20))
    assert message.truncated
    assert message.payload.strip(b"\r\n") == b"x" * (40 - shorter)
    module.shorten_messages(0)
    assert judge.publish("a", 1)
    module.broker.publish("room", b"whole", qos=1)
    assert next_text(subscription) == "whole"
    assert modem.command("AT+CGMM") == ["M5310-A"]


def test_messages_are_exact(bench: MakeBench) -> None:
    """Any bytes, one CR LF behind and none in front; QoS 2 sent again is printed again."""
    module, modem, _ = bench()
    subscription = modem.subscribe("room", qos=2)
    payloads = [bytes(range(256)), b"\r\nOK\r\n", b"+MQTTDISC: OK\r\n", b"", b"x" * 5000]
    for payload in payloads:
        module.broker.publish("room", payload, qos=2)
    module.broker.publish("room", b"again", qos=2, dup=True)
    messages = [next(subscription.messages(timeout=20)) for _ in range(6)]
    assert [message.payload for message in messages] == [*payloads, b"again"]
    assert [message.dup for message in messages] == [False] * 5 + [True]
