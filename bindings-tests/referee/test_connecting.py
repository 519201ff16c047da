"""connect() reports how it ended, and the module does nothing of its own afterwards (B3, B6)."""

from __future__ import annotations

import threading

import pytest

import m531x
from referee_bench import RECOVERY, MakeBench
from referee_host import CFG, OPEN, Host
from referee_module import FakeModule
from referee_traits import Traits

SLOW = Traits(scale=1.0, first_wait=6.5)
"""The driver's own clock matters here: the module's wait is longer than 5 s of it."""


def test_a_connection_that_the_module_makes_at_its_second_attempt_is_made(bench: MakeBench) -> None:
    """B3: CONNACK is late, the module says TO:1, waits, and tries again by itself."""
    made = bench(SLOW, connect=False)
    module = made.module
    module.broker.connack_delay = 60.0
    mended = module.loop.later(4.0, lambda: setattr(module.broker, "connack_delay", 0.0))
    made.connect(ack_timeout=2, keepalive=60)
    mended.cancel()
    assert made.modem.state is m531x.MqttState.CONNECTED
    assert [line for line in module.printed if "REC" in line or "TO" in line]
    assert made.judge.publish("a", 1)
    made.judge.check_nothing_failed()


def test_a_connect_that_gave_up_leaves_no_connection_behind(bench: MakeBench) -> None:
    """B3: what raised must not come true later."""
    made = bench(Traits(scale=0.2), connect=False)
    module, modem, _ = made
    module.broker.connack_delay = 60.0
    with pytest.raises((m531x.ConnectError, m531x.ModemTimeoutError)):
        made.connect(timeout=4)
    module.broker.connack_delay = 0.0
    module.wait_for(lambda: module.client.state in (0, 1), 20)
    assert str(modem.state) != "connected"
    done = threading.Event()
    module.loop.later(30.0, done.set)
    assert done.wait(60)
    assert module.client.state in (0, 1)
    assert modem.state is not m531x.MqttState.CONNECTED


@pytest.mark.parametrize("cfg_refused", [True, False])
@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_a_second_connect_right_after_a_refused_one(
    bench: MakeBench, code: int, cfg_refused: bool
) -> None:
    """B6: until ``+MQTTDISC: OK``, a second later, the module refuses to begin anew."""
    made = bench(Traits(cfg_refused_while_closing=cfg_refused), connect=False)
    made.module.broker.refuse_logins = [code]
    with pytest.raises(m531x.ConnectError):
        made.connect()
    made.connect()
    assert made.modem.state is m531x.MqttState.CONNECTED
    assert made.judge.publish("a", 1)
    made.judge.check_nothing_failed()


def test_a_second_connect_at_once_also_in_real_time(bench: MakeBench) -> None:
    """B6 on the module's own clock."""
    made = bench(Traits(scale=1.0), connect=False)
    made.module.broker.refuse_logins = [4]
    with pytest.raises(m531x.ConnectError):
        made.connect()
    made.connect()
    assert made.judge.publish("a", 1)


@pytest.mark.parametrize("reach", ["refused", "unknown name"])
def test_a_broker_that_cannot_be_reached_is_reported(bench: MakeBench, reach: str) -> None:
    made = bench(connect=False)
    made.module.broker.reach = "refused" if reach == "refused" else "unknown name"
    with pytest.raises(m531x.ConnectError):
        made.connect()
    made.module.broker.reach = "yes"
    made.connect()
    assert made.judge.publish("a", 1)


def test_a_broker_that_closes_without_an_answer_is_reported(bench: MakeBench) -> None:
    """TO:1, a wait, REC: 1, 615, DISC: 19 s of the module's."""
    made = bench(connect=False)
    made.module.broker.close_before_connack = True
    with pytest.raises((m531x.ConnectError, m531x.ModemTimeoutError)):
        made.connect()
    made.module.broker.close_before_connack = False
    made.connect()
    assert made.judge.publish("a", 1)


def test_a_connection_can_be_ended_and_made_again(bench: MakeBench) -> None:
    """DISC is late, and DEL refused until then."""
    made = bench()
    for _ in range(3):
        made.modem.disconnect()
        made.connect()
        assert made.judge.publish("a", 1)
    made.modem.disconnect()
    made.modem.delete()
    assert made.module.client.state == 0
    made.judge.check_nothing_failed()


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("left", ["connected", "connecting", "reconnecting", "closing"])
def test_a_module_that_another_program_left_is_taken_over(left: str, refused: bool) -> None:
    """Whatever the module is at: DISC and DEL are refused while it connects; CFG breaks in."""
    traits = Traits(cfg_refused_while_connected=refused, cfg_refused_while_closing=refused)
    with FakeModule(traits) as module:
        host = Host(module)
        host.ask(CFG)
        if left == "connecting":
            module.broker.connack_delay = 10_000.0
            assert host.ask(OPEN) == "OK"
            module.wait_for(module.client.is_busy)
        else:
            assert host.ask(OPEN) == "OK"
            host.read("OPEN:OK")
        host.close()
        module.broker.connack_delay = 0.0
        if left == "reconnecting":
            module.lose_pings()
        elif left == "closing":
            module.cut("fin")
            module.wait_for(module.client.is_busy)
        with m531x.Modem(module.port, model="M5310-A", recovery=RECOVERY) as modem:
            modem.connect("broker.example", client_id="meter")
            modem.publish("a", "taken over", qos=1)
        assert module.broker.payloads()[b"taken over"] == 1


def test_reconnecting_on_a_line_that_is_a_terminal(bench: MakeBench) -> None:
    """The same over a pseudo-terminal."""
    module, _, judge = bench(Traits(dead_link_notice=(20, 20)), pty=True)
    assert judge.publish("a", 1)
    module.cut("fin")
    module.wait_for(module.client.is_busy)
    assert judge.publish("a", 1)
    judge.check_nothing_failed()
