"""A link that is dead, or comes back: nothing is lost, and no answer goes to the wrong command."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest

import m531x
from referee_bench import MakeBench
from referee_traits import Traits


@pytest.mark.parametrize("number", [603, 608, 613])
def test_a_publish_refused_on_a_dead_link_is_sent_after_the_recovery(
    bench: MakeBench, number: int
) -> None:
    """B4: the broker is gone, and ``+MQTTDISC`` not printed yet."""
    module, _, judge = bench(Traits(dead_link_number=number, dead_link_notice=(20, 20)))
    module.cut("fin")
    module.wait_for(lambda: module.client.is_busy())
    assert judge.publish("a", 1)
    assert judge.publish("b", 2)
    judge.check_nothing_failed()
    assert number in [refusal for command, refusal in module.refused if "PUB" in command]


def test_a_publish_refused_while_the_module_reconnects_is_sent_after_it(bench: MakeBench) -> None:
    made = bench(connect=False)
    made.connect(keepalive=12)
    module, _, judge = made
    module.broker.freeze()
    module.wait_for(lambda: any("MQTTTO" in line for line in module.printed))
    assert [*module.printed][-1].startswith("+MQTTTO")
    module.wait_for(lambda: module.client.is_busy())
    started = [judge.start("a", 1 + n % 2) for n in range(4)]
    module.broker.thaw()
    for delivery in started:
        assert judge.wait(*delivery)
    judge.check_nothing_failed()


def test_qos_0_on_a_dead_link_is_reported_as_failed(bench: MakeBench) -> None:
    module, _, judge = bench(Traits(dead_link_notice=(20, 20)))
    module.cut("fin")
    module.wait_for(lambda: module.client.is_busy())
    assert not judge.publish("a", 0)
    judge.check()


@pytest.mark.parametrize("qos", [0, 1])
def test_a_stray_error_is_not_the_answer_of_the_command_in_flight(
    bench: MakeBench, qos: int
) -> None:
    """B5: 615 comes while AT+CSQ is in flight; the publish behind it is refused."""
    module, modem, judge = bench(Traits(dead_link_notice=(40, 40)))
    module.hold("AT+CSQ")
    with ThreadPoolExecutor(2) as pool:
        reading = pool.submit(modem.command, "AT+CSQ")
        module.wait_until_held("AT+CSQ")
        module.cut("fin")
        module.wait_for(lambda: module.client.is_busy())
        module.stray(615)
        publishing = pool.submit(judge.publish, "a", qos)
        module.loop.later(4, lambda: module.release("AT+CSQ"))
        answer = None
        with contextlib.suppress(m531x.M531xError):  # "it cannot be known" is an honest answer
            answer = reading.result(30)
        assert answer in (None, ["+CSQ:20,99"])
        assert publishing.result(50) == (qos == 1)
        assert modem.command("AT+CGMM") == ["M5310-A"]
    judge.check()


@pytest.mark.parametrize("turn", range(3))
def test_stray_errors_between_publishes_make_no_receipt(bench: MakeBench, turn: int) -> None:
    """B5: at any moment, with every answer in order afterwards."""
    module, modem, judge = bench(Traits(ok_delay=0.2, seed=turn))
    for number in range(12):
        started = judge.start("a", number % 2)
        module.loop.later(0.07 * (turn + number % 3), lambda: module.stray(615))
        judge.wait(*started)
        assert modem.command("AT+CGMM") == ["M5310-A"]
    judge.check()
    lost = [text for text in judge.failed if judge.sent[text]]
    assert lost == []


def test_the_modules_own_reconnect_forgets_what_was_in_flight(bench: MakeBench) -> None:
    """In flight when pings are lost: vanished without a word, and sent again by the driver."""
    made = bench(connect=False)
    made.connect(keepalive=11)
    module, _, judge = made
    module.broker.ack_delay = lambda _packet: 10_000.0
    module.cut("silent")
    started = [judge.start("a", 1 + n % 2) for n in range(5)]
    module.broker.ack_delay = lambda _packet: 0.0
    for delivery in started:
        assert judge.wait(*delivery)
    judge.check_nothing_failed()


def test_a_reconnect_that_is_given_up_at_once_is_followed_by_a_recovery(bench: MakeBench) -> None:
    """REC: 0, 615, DISC: TCP is refused at the module's first attempt."""
    made = bench(connect=False)
    made.connect(keepalive=11)
    module, _, judge = made
    module.broker.reach = "refused"
    module.cut("silent")
    module.wait_for(lambda: any("615" in line for line in module.printed))
    started = judge.start("a", 1)
    module.broker.reach = "yes"
    assert judge.wait(*started)
    judge.check_nothing_failed()


def test_acks_that_come_after_the_module_forgot_are_made_up_for(bench: MakeBench) -> None:
    """A late PUBACK prints nothing: the publish is sent again, and acknowledged once."""
    module, _, judge = bench()
    late = iter([15.0, 15.0])
    module.broker.ack_delay = lambda _packet: next(late, 0.0)
    assert judge.publish("a", 1)
    assert judge.publish("b", 2)
    judge.check_nothing_failed()
    assert any("MQTTTO" in line for line in module.printed)


def test_acks_that_are_lost_are_made_up_for(bench: MakeBench) -> None:
    module, _, judge = bench()
    lost = iter([True, False, True])
    module.broker.lose_ack = lambda _packet: next(lost, False)
    for number in range(4):
        assert judge.publish("a", 1 + number % 2)
    judge.check_nothing_failed()


@pytest.mark.parametrize("second", [1, 2])
def test_a_publish_refused_before_a_reconnect_owns_no_ack_after_it(
    bench: MakeBench, second: int
) -> None:
    """The refusal is printed after ``+MQTTOPEN:OK``; a refused publish took no id (B1).

    The id that it would have had goes to what is sent again first, and so does its ack.
    """
    module, _, judge = bench()
    for qos in (1, 0, 1, 0):
        assert judge.publish("warm", qos)
    module.broker.ack_delay = lambda _packet: 10_000.0
    before = [judge.start("before", qos) for qos in (1, second, second)]
    module.wait_for(lambda: len(module.broker.received) == 7)
    refused = 'AT+MQTTPUB="refused",1,0,0,0,"refused-7"'
    module.hold_answer(refused)
    module.lose_pings()
    delivery = judge.start("refused", 1)
    module.wait_until_held(refused)
    module.wait_for(lambda: module.client.state == 5)
    with module.lock:
        module.broker.ack_delay = lambda _packet: 2.0
        # Only the first that is sent again arrives, and then the connection breaks.
        module.broker.lose = lambda packet: packet.payload != before[0][0].encode()
        printed = len(module.printed)
    module.release(refused)
    module.wait_for(lambda: any("PUBACK" in line for line in module.printed[printed:]))
    with module.lock:
        module.broker.ack_delay = lambda _packet: 0.0
        module.broker.lose = lambda _packet: False
    module.cut("fin")
    for started in [*before, delivery]:
        assert judge.wait(*started)
    judge.check_nothing_failed()


@pytest.mark.parametrize("reads", [1, 3])
def test_a_state_that_was_read_before_a_reconnect_is_not_believed_after_it(
    bench: MakeBench, reads: int
) -> None:
    """The answer says reconnecting, and ``+MQTTOPEN:OK`` has come before it."""
    module, modem, judge = bench()
    for _ in range(reads):
        module.hold_answer("AT+MQTTSTAT?")
        module.lose_pings()
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(modem.status)
            module.wait_until_held("AT+MQTTSTAT?")
            module.wait_for(lambda: module.client.state == 5)
            module.release("AT+MQTTSTAT?")
            with contextlib.suppress(m531x.M531xError):
                reading.result(30)
        assert judge.publish("a", 1)
    judge.check_nothing_failed()
