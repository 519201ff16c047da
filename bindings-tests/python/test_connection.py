"""Making, losing and describing the MQTT connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import m531x
from m531x import MqttState, _native


def test_the_states_of_a_connection(virtual: m531x.VirtualModem, client_id: str) -> None:
    with m531x.Modem(virtual.port) as modem:
        assert str(modem.state) == "off"
        modem.connect("broker.example", client_id=client_id)
        assert str(modem.state) == "connected"
        assert modem.status() is MqttState.CONNECTED
        modem.disconnect()
        assert modem.state is not MqttState.CONNECTED
        modem.delete()
        assert modem.status() is MqttState.OFF


def test_a_modem_connects_again_after_disconnect_and_after_delete(
    virtual: m531x.VirtualModem, client_id: str
) -> None:
    with m531x.Modem(virtual.port) as modem:
        for delete in (False, True, False):
            modem.connect("broker.example", client_id=client_id)
            modem.publish("test/again", "x", qos=1)
            modem.disconnect()
            if delete:
                modem.delete()


def test_a_second_modem_object_takes_over_a_connected_module(
    virtual: m531x.VirtualModem, client_id: str
) -> None:
    with m531x.Modem(virtual.port) as modem:
        modem.connect("broker.example", client_id=client_id)
    with m531x.Modem(virtual.port) as modem:
        modem.connect("broker.example", client_id=client_id)
        assert modem.publish("test/over", "x", qos=1).qos == 1


def test_disconnect_without_a_connection_is_refused(virtual: m531x.VirtualModem) -> None:
    with m531x.Modem(virtual.port) as modem, pytest.raises(m531x.NotConnectedError):
        modem.disconnect()


def test_publish_without_a_connection_is_refused(virtual: m531x.VirtualModem) -> None:
    with (
        m531x.Modem(virtual.port) as modem,
        pytest.raises(m531x.NotConnectedError, match="connect"),
    ):
        modem.publish("a", "b")


@pytest.mark.parametrize("password", [None, "wrong"])
def test_a_wrong_password_is_a_connect_error_with_the_brokers_code(
    broker: Any, client_id: str, password: str | None
) -> None:
    with m531x.VirtualModem(broker=broker.guarded) as virtual, m531x.Modem(virtual.port) as modem:
        with pytest.raises(m531x.ConnectError) as caught:
            modem.connect(
                "broker.example", client_id=client_id, username="meter", password=password
            )
        assert caught.value.return_code in (4, 5)
        assert caught.value.code is m531x.ErrorCode.CONNECT
        assert "wrong" not in str(caught.value)


def test_the_right_password_connects_and_is_shown_nowhere(broker: Any, client_id: str) -> None:
    with m531x.VirtualModem(broker=broker.guarded) as virtual, m531x.Modem(virtual.port) as modem:
        modem.connect("broker.example", client_id=client_id, username="meter", password="right")
        config = modem.config()
        assert (config.client_id, config.username, config.password_set) == (
            client_id,
            "meter",
            True,
        )
        shown = [repr(modem), repr(config), repr(modem.stats()), repr(virtual.transcript)]
        assert not [text for text in shown if "right" in text]


def test_a_broker_that_cannot_be_reached_is_a_connect_error(client_id: str) -> None:
    with m531x.VirtualModem(broker="127.0.0.1:1") as virtual, m531x.Modem(virtual.port) as modem:
        with pytest.raises(m531x.ConnectError, match="check") as caught:
            modem.connect("broker.example", client_id=client_id, timeout=6)
        assert caught.value.return_code is None
        assert isinstance(caught.value, ConnectionError)


def test_on_connect_and_on_disconnect_are_called(
    virtual: m531x.VirtualModem, client_id: str
) -> None:
    connected, reasons = threading.Event(), []
    gone = threading.Event()

    def on_disconnect(reason: str) -> None:
        reasons.append(reason)
        gone.set()

    with m531x.Modem(virtual.port) as modem:
        modem.on_connect = connected.set
        modem.on_disconnect = on_disconnect
        modem.connect("broker.example", client_id=client_id)
        assert connected.wait(10)
        assert not gone.is_set()
        modem.disconnect()
        assert gone.wait(10)
        assert len(reasons) == 1
        assert reasons[0]


def test_a_reboot_of_the_module_is_reported_and_ends_the_connection(
    modem: m531x.Modem,
    virtual: m531x.VirtualModem,
    eventually: Callable[[Callable[[], bool]], None],
) -> None:
    events: list[m531x.Event] = []
    modem.on_event = events.append
    virtual.reboot()
    eventually(lambda: any(event.kind is m531x.EventKind.REBOOTED for event in events))
    eventually(lambda: modem.state is not MqttState.CONNECTED)
    with pytest.raises(m531x.NotConnectedError):
        modem.publish("a", "b")


def test_the_module_tells_who_it_is(virtual: m531x.VirtualModem) -> None:
    with m531x.Modem(virtual.port) as modem:
        info = modem.info()
        assert info.model == "M5310-A"
        assert info.imei is not None
        assert info.imei.isdigit()
        signal = modem.signal()
        assert signal.rssi_dbm is None or -113 <= signal.rssi_dbm <= -51
        assert len(signal.raw) == 2
        modem.wait_for_network(timeout=10)
        modem.set_ping_report(True)
        modem.set_ack_timeout(12)
        modem.wake()


def test_a_command_gives_its_lines_or_the_modules_number(virtual: m531x.VirtualModem) -> None:
    with m531x.Modem(virtual.port) as modem:
        assert modem.command("AT") == []
        assert modem.command("AT+CGMM") == ["M5310-A"]
        with pytest.raises(m531x.CommandError) as caught:
            modem.command("AT+MQTTDISC")
        assert caught.value.modem_code == 3
        assert caught.value.code is m531x.ErrorCode.COMMAND


def test_stats_count(modem: m531x.Modem, topic: str) -> None:
    before = modem.stats()
    subscription = modem.subscribe(topic, qos=1)
    modem.publish(topic, "x", qos=1)
    next(iter(subscription.messages(timeout=10)))
    after = modem.stats()
    assert after.messages == before.messages + 1
    assert after.published == before.published + 1
    assert after.bytes_sent > before.bytes_sent
    assert after.bytes_received > before.bytes_received
    assert after.timeouts == 0


def test_virtual_needs_neither_port_nor_broker() -> None:
    with m531x.Modem("virtual://", model="M5311") as modem:
        assert modem.virtual_modem is not None
        assert modem.info().model == "M5311"
        modem.connect("broker.example", client_id="test")
        assert modem.publish("a", "b", qos=2).packet_id is not None
        commands = [e.text for e in modem.virtual_modem.transcript if e.direction == "to module"]
        assert any(text.startswith("AT+MQTTPUB") for text in commands)


def test_a_modem_opens_over_tcp() -> None:
    with (
        m531x.VirtualModem(tcp="127.0.0.1:0") as virtual,
        m531x.Modem(virtual.port) as modem,
    ):
        assert virtual.port.startswith("tcp://127.0.0.1:")
        assert modem.command("AT+CGMM") == ["M5310-A"]


def test_events_that_nobody_takes_do_not_pile_up(
    eventually: Callable[[Callable[[], bool]], None],
) -> None:
    with m531x.Modem("virtual://", queue_size=5, recovery=None) as modem:
        assert modem.virtual_modem is not None
        for _ in range(50):
            modem.virtual_modem.inject(b"\r\n+CEREG:1\r\n")
        eventually(lambda: modem.stats().lines >= 50)
        eventually(lambda: modem.stats().queued_events == 0)
        modem.connect("broker.example", client_id="test")
        modem.virtual_modem.reboot()
        eventually(lambda: modem.state is MqttState.OFF)


@pytest.mark.parametrize("firmware", ["vendor", "manual"])
def test_a_publish_is_acknowledged_on_a_slow_network(firmware: str) -> None:
    with (
        m531x.VirtualModem(firmware=firmware, network="nb-iot") as virtual,
        m531x.Modem(virtual.port) as modem,
    ):
        modem.connect("broker.example", client_id="slow")
        began = time.monotonic()
        modem.publish("slow/t", "21.5", qos=1)
        assert time.monotonic() - began >= 0.9


def test_the_preset_of_a_network_gives_way_to_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[object, ...]] = []
    native = _native.VirtualModem

    def note(*arguments: Any) -> _native.VirtualModem:
        made.append((arguments[5], arguments[6], arguments[7]))
        return native(*arguments)

    monkeypatch.setattr(_native, "VirtualModem", note)
    m531x.VirtualModem(network="nb-iot").close()
    options: dict[str, Any] = {"baudrate": 115200, "seed": 7, "faults": ["signal=2"]}
    m531x.VirtualModem(network="nb-iot", **options).close()
    m531x.VirtualModem().close()
    assert made == [
        (9600, ["slow-network=1000-6000"], 1),
        (115200, ["slow-network=1000-6000", "signal=2"], 7),
        (None, [], None),
    ]
