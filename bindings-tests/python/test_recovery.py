"""A lost connection comes back by itself, with its subscriptions; QoS 1 loses nothing."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import m531x
from m531x import EventKind, MqttState
from mosquitto import Mosquitto

SOON = m531x.Recovery(initial_delay=0.1, max_delay=1.0)
Eventually = Callable[..., None]


def test_a_restart_of_the_module_is_followed_by_a_new_connection(
    virtual: m531x.VirtualModem, client_id: str, topic: str, eventually: Eventually
) -> None:
    events: list[m531x.Event] = []
    connected = threading.Semaphore(0)
    with m531x.Modem(virtual.port, recovery=SOON) as modem:
        modem.on_event = events.append
        modem.on_connect = connected.release
        modem.connect("broker.example", client_id=client_id)
        assert connected.acquire(timeout=10)
        subscription = modem.subscribe(topic, qos=1)
        deliveries = [modem.publish_nowait(topic, str(n), qos=1) for n in range(20)]
        virtual.reboot()
        for delivery in deliveries:
            assert delivery.wait(30).qos == 1
        assert connected.acquire(timeout=10)
        seen: set[str] = set()
        while len(seen) < 20:
            seen.add(next(subscription.messages(timeout=20)).text)
        assert modem.stats().recoveries == 1
        assert modem.stats().recoveries_by_cause["rebooted"] == 1
        eventually(lambda: any(e.kind is EventKind.RESUBSCRIBED for e in events))
    assert [e.value for e in events if e.kind is EventKind.RECOVERING] == [1]


@pytest.mark.parametrize("recovery", [None, m531x.Recovery(enabled=False)])
def test_without_recovery_a_lost_connection_stays_lost(
    virtual: m531x.VirtualModem, client_id: str, recovery: m531x.Recovery | None
) -> None:
    lost = threading.Event()
    with m531x.Modem(virtual.port, recovery=recovery) as modem:
        modem.on_disconnect = lambda _reason: lost.set()
        modem.connect("broker.example", client_id=client_id)
        virtual.reboot()
        assert lost.wait(20)
        assert modem.state is MqttState.OFF
        with pytest.raises((m531x.NotConnectedError, m531x.ModemRebootedError)):
            modem.publish("a", "b", qos=1)


def test_at_most_once_fails_at_once_and_at_least_once_waits_as_long_as_it_may(
    virtual: m531x.VirtualModem, client_id: str, eventually: Eventually
) -> None:
    later = m531x.Recovery(initial_delay=600, max_delay=600)
    with m531x.Modem(virtual.port, recovery=later) as modem:
        modem.connect("broker.example", client_id=client_id)
        virtual.reboot()
        eventually(lambda: modem.state is MqttState.LOST, 20)
        with pytest.raises(m531x.NotConnectedError):
            modem.publish("a", "b")
        with pytest.raises(m531x.ModemTimeoutError):
            modem.publish("a", "b", qos=1, timeout=0.5)
        waiting = modem.publish_nowait("a", "b", qos=1)
        modem.disconnect()
        with pytest.raises(m531x.NotConnectedError):
            waiting.wait(10)


def test_a_port_that_comes_back_under_its_name_is_used_again(
    broker: Any, client_id: str, topic: str, tmp_path: Path
) -> None:
    link = str(tmp_path / "modem")
    back = threading.Event()

    def look(event: m531x.Event) -> None:
        if event.kind is EventKind.PORT_BACK:
            back.set()

    virtual = m531x.VirtualModem(broker=broker.open, link=link)
    with m531x.Modem(link, recovery=SOON) as modem:
        modem.on_event = look
        modem.connect("broker.example", client_id=client_id)
        virtual.close()
        waiting = modem.publish_nowait(topic, "x", qos=1)
        with m531x.VirtualModem(broker=broker.open, link=link):
            assert back.wait(20)
            assert waiting.wait(30).qos == 1
            assert modem.signal() is not None


@pytest.mark.parametrize(
    "recovery",
    [
        m531x.Recovery(initial_delay=-1),
        m531x.Recovery(max_delay=float("nan")),
        m531x.Recovery(jitter=2),
        m531x.Recovery(max_attempts=-1),
        m531x.Recovery(health_check=m531x.HealthCheck(0)),
        m531x.Recovery(health_check=m531x.HealthCheck(60, topic="a/#")),
        m531x.Recovery(health_check=m531x.HealthCheck(60, misses=0)),
        m531x.Recovery(health_check=60),  # type: ignore[arg-type]
    ],
)
def test_senseless_settings_are_refused(
    virtual: m531x.VirtualModem, recovery: m531x.Recovery
) -> None:
    with pytest.raises(m531x.InvalidArgumentError):
        m531x.Modem(virtual.port, recovery=recovery)


def test_a_broker_that_froze_is_found_out_by_the_health_check(
    tmp_path: Path, client_id: str, topic: str
) -> None:
    broker = Mosquitto(tmp_path)
    lost = threading.Event()
    messages: list[m531x.Message] = []
    recovery = m531x.Recovery(
        initial_delay=0.1, max_delay=1, health_check=m531x.HealthCheck(1, timeout=2)
    )
    try:
        with (
            m531x.VirtualModem(broker=broker.addresses[0]) as virtual,
            m531x.Modem(virtual.port, recovery=recovery) as modem,
        ):
            modem.on_disconnect = lambda _reason: lost.set()
            modem.connect("broker.example", client_id=client_id, keepalive=600, timeout=5)
            modem.subscribe("#", qos=1, callback=messages.append)
            deadline = time.monotonic() + 20
            while modem.stats().health_checks < 2:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            broker.freeze()
            assert lost.wait(30)
            delivery = modem.publish_nowait(topic, "kept", qos=1)
            broker.thaw()
            assert delivery.wait(30).qos == 1
            assert modem.stats().recoveries_by_cause["unhealthy"] >= 1
            assert modem.subscriptions() == ["#"]
        assert {message.topic for message in messages} <= {topic}
    finally:
        broker.thaw()
        broker.stop()


def test_the_modules_own_reconnect_is_a_disconnect_and_a_connect(
    virtual: m531x.VirtualModem, client_id: str, eventually: Eventually
) -> None:
    turns: list[str] = []
    modem = m531x.Modem(virtual.port, recovery=SOON)
    with modem:
        modem.on_connect = lambda: turns.append("up")
        modem.on_disconnect = lambda _reason: turns.append("down")
        modem.connect("broker.example", client_id=client_id)
        modem.subscribe("a", qos=1)
        for _ in range(2):
            virtual.inject(b"\r\n+MQTTREC:0\r\n")
            virtual.inject(b"\r\n+MQTTOPEN:OK\r\n")
        eventually(lambda: turns == ["up", "down", "up", "down", "up"], 10)
        assert modem.subscriptions() == ["a"]
    assert modem.state is MqttState.OFF
    assert modem.subscriptions() == []


def test_a_callback_may_end_the_recovery_before_an_attempt(
    virtual: m531x.VirtualModem, client_id: str, eventually: Eventually
) -> None:
    attempts: list[int] = []
    given_up = threading.Event()
    with m531x.Modem(virtual.port, recovery=SOON) as modem:

        def give_up_after_two(event: m531x.Event) -> None:
            if event.kind is EventKind.RECOVERING:
                attempts.append(event.value)
                if event.value == 3:
                    with contextlib.suppress(m531x.NotConnectedError):
                        modem.disconnect()
                    given_up.set()

        modem.on_event = give_up_after_two
        modem.connect("broker.example", client_id=client_id, timeout=1)
        virtual.cut_network()
        virtual.reboot()
        eventually(lambda: attempts != [], 20)
        waiting = modem.publish_nowait("a", "b", qos=1)
        with pytest.raises(m531x.NotConnectedError):
            waiting.wait(30)
        assert given_up.wait(20)
        assert attempts == [1, 2, 3]
