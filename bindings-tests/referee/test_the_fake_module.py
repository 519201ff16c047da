"""The fake module does what firmware.md says, and the judge notices what it is there to notice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from referee_broker import matches
from referee_host import CFG, OPEN, Host
from referee_judge import Judge
from referee_module import FakeModule
from referee_traits import Traits


@pytest.fixture
def traits(request: pytest.FixtureRequest) -> Traits:
    """The vendor's, unless a test has others."""
    return getattr(request, "param", Traits())


@pytest.fixture
def module(traits: Traits) -> Iterator[FakeModule]:
    """A fake module."""
    with FakeModule(traits) as module:
        yield module


@pytest.fixture
def host(module: FakeModule) -> Iterator[Host]:
    """A host program, with a client that is configured and connected."""
    host = Host(module)
    assert host.ask(CFG) == "OK"
    assert host.ask(OPEN) == "OK"
    assert host.read(r"^\+MQTTOPEN.*$") == "+MQTTOPEN:OK"
    yield host
    host.close()


def state(host: Host) -> int:
    host.ask("AT+MQTTSTAT?")
    (line,) = [line for line in host.before if line.startswith("+MQTTSTAT")]
    return int(line.split(":")[1])


def publish(host: Host, topic: str, qos: int) -> str:
    return host.ask(f'AT+MQTTPUB="{topic}",{qos},0,0,0,"x"')


def test_one_counter_serves_all_and_a_refused_command_takes_none(host: Host) -> None:
    publish(host, "warm", 1)
    assert host.read(r"^\+MQTTPUBACK.*$") == "+MQTTPUBACK:0,1"
    assert publish(host, "zero", 0) == "OK"
    assert host.ask('AT+MQTTUNSUB="nobody"') == "+CME ERROR: 621"
    assert host.ask('AT+MQTTSUB="room",1') == "OK"
    assert host.read(r"^\+MQTTSUBACK.*$") == "+MQTTSUBACK:3,1,room"
    assert host.ask('AT+MQTTSUB="room",0') == "+CME ERROR: 606"
    publish(host, "a", 2)
    assert host.read(r"^\+MQTTPUBREC.*$") == "+MQTTPUBREC:0,4"
    assert host.read(r"^\+MQTTPUBCOMP.*$") == "+MQTTPUBCOMP:0,4"
    assert host.ask('AT+MQTTUNSUB="room"') == "OK"
    assert host.read(r"^\+MQTTUNSUBACK.*$") == "+MQTTUNSUBACK:5,room"


def test_the_counter_restarts_at_cfg_only(host: Host, module: FakeModule) -> None:
    publish(host, "a", 1)
    host.read("PUBACK:0,1")
    module.cut("fin")
    host.read(r"^\+MQTTDISC:OK")
    host.ask(OPEN)
    host.read("OPEN:OK")
    publish(host, "a", 1)
    host.read("PUBACK:0,2")
    assert host.ask("AT+MQTTDISC") == "OK"
    assert host.ask("AT+MQTTDEL") == "+CME ERROR: 602"
    host.read(r"^\+MQTTDISC:OK")
    assert host.ask("AT+MQTTDEL") == "OK"
    host.ask(CFG)
    assert module.client.next_id == 1


def test_cfg_resets_what_was_set(host: Host, module: FakeModule) -> None:
    host.ask("AT+MQTTTO=30")
    host.ask("AT+MQTTPING=1")
    assert (module.client.ack_timeout, module.client.ping_report) == (30, True)
    host.ask(CFG)
    assert (module.client.ack_timeout, module.client.ping_report) == (10, False)


def test_a_late_ack_prints_nothing_and_a_late_pubrec_gets_no_pubrel(
    host: Host, module: FakeModule
) -> None:
    module.broker.ack_delay = lambda _packet: 13.0
    publish(host, "a", 1)
    publish(host, "b", 2)
    host.read("TO:2")
    host.read("TO:2")
    module.broker.ack_delay = lambda _packet: 0.0
    module.wait_for(lambda: len(module.broker.received) == 2)
    publish(host, "c", 1)
    host.read("PUBACK:0,3")
    assert not [line for line in host.before if "ACK" in line or "REC" in line]
    assert len(module.broker.acknowledged) == 2  # b was never released


@pytest.mark.parametrize("traits", [Traits(), Traits(after_65535=1)], indirect=True)
def test_ids_after_the_last(host: Host, module: FakeModule) -> None:
    module.client.next_id = 65535
    for number in (65535, 0, 1) if module.traits.after_65535 == 0 else (65535, 1, 2):
        publish(host, "a", 1)
        host.read(f"PUBACK:0,{number}\r")


def test_a_late_connack_is_waited_for_and_tried_again(host: Host, module: FakeModule) -> None:
    module.broker.connack_delay = 11.0
    host.ask(CFG)
    host.ask(OPEN)
    host.read("TO:1")
    assert state(host) in (3, 4)
    for command in (OPEN, "AT+MQTTDISC", "AT+MQTTDEL", 'AT+MQTTSUB="a",0'):
        assert host.ask(command) != "OK"
    host.read("REC:1")
    host.read("TO:1")
    host.read("REC:2")
    host.read("TO:1")
    host.read("CME ERROR: 615")
    host.read("DISC:OK")
    assert state(host) == 1


def test_a_refused_login_is_followed_by_disc_a_second_later(host: Host, module: FakeModule) -> None:
    module.broker.refuse_logins = [4]
    host.ask(CFG)
    host.ask(OPEN)
    host.read("OPEN:FAIL")
    assert state(host) == 2
    for command in (OPEN, "AT+MQTTDEL", CFG):
        assert host.ask(command).startswith("+CME")
    host.read("DISC:OK")
    assert state(host) == 1
    assert host.ask(OPEN) == "OK"
    host.read("OPEN:OK")


def test_a_closed_connection_is_noticed_late(host: Host, module: FakeModule) -> None:
    host.ask('AT+MQTTSUB="room",1')
    host.read("SUBACK")
    module.cut("fin")
    module.wait_for(module.client.is_busy)
    assert publish(host, "a", 1) == "+CME ERROR: 608"
    assert state(host) == 2
    host.read("DISC:OK")
    assert publish(host, "a", 1) == "+CME ERROR: 620"
    assert not [line for line in module.printed if "REC" in line]
    host.ask(OPEN)
    host.read("OPEN:OK")
    assert host.ask('AT+MQTTSUB="room",1') == "OK"  # the table was emptied


def test_lost_pings_make_the_module_reconnect(host: Host, module: FakeModule) -> None:
    host.ask(CFG.replace(",60,", ",11,"))
    host.ask(OPEN)
    host.read("OPEN:OK")
    module.broker.freeze()
    for line in ("TO:5", "TO:5", "TO:5", "REC:0", "TO:1", "REC:1"):
        host.read(line)
    module.broker.thaw()
    host.read("OPEN:OK")
    assert state(host) == 5


def test_a_reconnect_that_is_refused_is_given_up(host: Host, module: FakeModule) -> None:
    host.ask(CFG.replace(",60,", ",11,"))
    host.ask(OPEN)
    host.read("OPEN:OK")
    module.broker.reach = "refused"
    module.cut("silent")
    for line in ("TO:5", "TO:5", "TO:5", "REC:0", "CME ERROR: 615", "DISC:OK"):
        host.read(line)
    assert "REC:1" not in "".join(module.printed)


def test_a_subscription_granted_lower_is_silent_and_delivers(
    host: Host, module: FakeModule
) -> None:
    module.broker.highest_qos = 0
    host.ask('AT+MQTTSUB="room",1')
    host.read("TO:3")
    host.ask("AT+MQTTSUB?")
    assert "room" not in host.before
    module.broker.publish("room", b"hello", 1)
    assert host.read(r"^\+MQTTPUBLISH.*$") == "+MQTTPUBLISH:0,0,0,0,room,5,hello"


def test_what_other_hosts_send_is_taken(host: Host) -> None:
    assert host.ask("AT+MQTTSUB=room") == "OK"
    host.read("SUBACK")
    for form in ("0,0,0", "0,0,0,0,0"):
        host.ask(CFG)
        assert host.ask(f"AT+MQTTOPEN={form}") == "OK"
        host.read("OPEN:OK")
    host.ask(CFG)
    assert host.ask(OPEN + ",0,0") == "+CME ERROR: 601"
    host.ask(OPEN)
    host.read("OPEN:OK")
    assert host.ask('AT+MQTTUNSUB="%s"' % ("x" * 250)) == "+CME ERROR: 601"


@pytest.mark.parametrize("name", ["mqtt://h", "h:1883", ""])
def test_a_host_that_is_none_is_a_name_that_nobody_knows(
    host: Host, module: FakeModule, name: str
) -> None:
    host.ask(CFG.replace("broker.example", name))
    assert host.ask(OPEN) == "OK"
    host.read("DISC:OK")
    assert not [line for line in host.before if "OPEN" in line]


class Done:
    """A delivery that claims to be done."""

    def wait(self, _timeout: float) -> None:
        pass


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_the_judge_notices_a_false_receipt(module: FakeModule, qos: int) -> None:
    judge = Judge(module, None)  # type: ignore[arg-type]
    judge.sent["a-0"] = qos
    assert judge.wait("a-0", Done())  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="a-0"):
        judge.check()


def test_the_judge_notices_a_second_copy_of_qos_0(host: Host, module: FakeModule) -> None:
    judge = Judge(module, None)  # type: ignore[arg-type]
    for _ in range(2):
        assert host.ask('AT+MQTTPUB="a",0,0,0,0,"a-0"') == "OK"
    module.wait_for(lambda: len(module.broker.received) == 2)
    judge.sent["a-0"] = 0
    assert judge.wait("a-0", Done())  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="a-0"):
        judge.check()


def test_filters_match_as_mqtt_has_it() -> None:
    assert matches("a/+/c", "a/b/c")
    assert matches("a/#", "a")
    assert not matches("a/+", "a/b/c")
    assert not matches("#", "$SYS/a")
