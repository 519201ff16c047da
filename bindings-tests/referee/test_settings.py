"""What connect() asked for holds, also after the module was configured anew (B2)."""

from __future__ import annotations

import m531x
from referee_bench import MakeBench
from referee_traits import Traits


def test_the_ack_timeout_holds_on_a_network_slower_than_the_modules_own(bench: MakeBench) -> None:
    """Acknowledgements take 12 s, the module's default is 10 s, 30 s were asked for."""
    made = bench(connect=False)
    module, _, judge = made
    module.broker.ack_delay = lambda _packet: 12.0
    made.connect(ack_timeout=30)
    assert judge.publish("slow", 1)
    assert judge.publish("slow", 2)
    judge.check_nothing_failed()
    assert set(module.broker.payloads().values()) == {1}
    assert module.client.ack_timeout == 30
    assert not any("MQTTTO" in line for line in module.printed)


def test_the_ack_timeout_holds_after_a_recovery(bench: MakeBench) -> None:
    made = bench(connect=False)
    module, _, judge = made
    made.connect(ack_timeout=30)
    module.broker.ack_delay = lambda _packet: 12.0
    for cut in (module.reboot, lambda: module.cut("fin")):
        before = module.broker.connections
        cut()
        module.wait_for(lambda: module.broker.connections > before)  # noqa: B023
        assert judge.publish("slow", 1)
        assert module.client.ack_timeout == 30
    judge.check_nothing_failed()


def test_settings_made_while_connected_hold_after_a_recovery(bench: MakeBench) -> None:
    module, modem, judge = bench()
    modem.set_ack_timeout(25)
    modem.set_ping_report(True)
    assert (module.client.ack_timeout, module.client.ping_report) == (25, True)
    module.cut("fin")
    module.wait_for(lambda: module.broker.connections == 2)
    assert judge.publish("a", 1)
    module.wait_for(lambda: module.client.ping_report)
    assert module.client.ack_timeout == 25


def test_a_connection_slower_than_the_modules_own_timeout_is_made(bench: MakeBench) -> None:
    """CONNACK takes 12 s: a timeout sent before CFG would be gone by then."""
    made = bench(connect=False)
    made.module.broker.connack_delay = 12.0
    made.connect(ack_timeout=30)
    assert made.modem.state is m531x.MqttState.CONNECTED
    assert made.module.broker.connections == 1
    assert not any("MQTTTO" in line for line in made.module.printed)


def test_keepalive_0_pings_all_the_time(bench: MakeBench) -> None:
    """B9: 0 is not off, and does no harm."""
    made = bench(Traits(scale=0.02), connect=False)
    made.connect(keepalive=0)
    made.modem.set_ping_report(True)
    made.module.wait_for(lambda: sum("PINGRSP" in line for line in made.module.printed) >= 3)
    assert made.judge.publish("a", 1)
    made.judge.check_nothing_failed()
