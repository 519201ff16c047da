"""Messages to a real broker and back, over a pseudo-terminal."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable

import pytest

import m531x

Maker = Callable[..., m531x.Modem]


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_publish_comes_back_into_the_callback(modem: m531x.Modem, topic: str, qos: int) -> None:
    received: queue.Queue[m531x.Message] = queue.Queue()
    subscription = modem.subscribe(topic, qos=qos, callback=received.put)
    assert subscription.granted_qos == qos

    receipt = modem.publish(topic, "21.5", qos=qos)

    message = received.get(timeout=10)
    assert (message.topic, message.payload, message.qos) == (topic, b"21.5", qos)
    flags = (message.retain, message.dup, message.truncated, message.ambiguous)
    assert flags == (False, False, False, False)
    assert receipt.qos == qos
    assert (receipt.packet_id is None) == (qos == 0)
    assert receipt.elapsed > 0


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(bytes(range(256)), id="all-256-values"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\r\nOK\r\n", id="forged-result"),
        pytest.param(b"\r\n+MQTTPUBLISH:0,0,0,0,a,1,x\r\n", id="forged-message"),
        pytest.param(json.dumps({"a": [1, 2], "b": 'say "OK", twice'}).encode(), id="json"),
        pytest.param("温度 21.5 度".encode(), id="chinese"),
    ],
)
def test_any_payload_comes_back_byte_for_byte(
    modem: m531x.Modem, topic: str, payload: bytes
) -> None:
    subscription = modem.subscribe(topic, qos=1)
    modem.publish(topic, payload, qos=1)
    assert next(iter(subscription.messages(timeout=10))).payload == payload


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_kind_of_bytes_can_be_published(
    memory_modem: m531x.Modem, kind: Callable[[bytes], bytes]
) -> None:
    subscription = memory_modem.subscribe("kind")
    memory_modem.publish("kind", kind(b"\x00\xff"))
    assert next(iter(subscription.messages(timeout=10))).payload == b"\x00\xff"


def test_a_chinese_topic_works(modem: m531x.Modem, topic: str) -> None:
    chinese = f"{topic}/房间/温度"
    subscription = modem.subscribe(f"{topic}/+/温度")
    modem.publish(chinese, "二十一度")
    message = next(iter(subscription.messages(timeout=10)))
    assert (message.topic, message.text) == (chinese, "二十一度")


def test_a_retained_message_reaches_a_later_subscriber(
    modem: m531x.Modem, another: Maker, topic: str
) -> None:
    modem.publish(topic, "kept", qos=1, retain=True)
    message = next(iter(another().subscribe(topic, qos=1).messages(timeout=10)))
    assert (message.payload, message.retain) == (b"kept", True)
    modem.publish(topic, b"", qos=1, retain=True)


def test_the_will_is_published_when_the_port_goes_away(
    modem: m531x.Modem, broker: m531x.VirtualModem, topic: str, client_id: str
) -> None:
    subscription = modem.subscribe(topic, qos=1)
    virtual = m531x.VirtualModem(broker=broker.open)  # type: ignore[attr-defined]
    with m531x.Modem(virtual.port) as mortal:
        will = m531x.Will(topic, "lost", qos=1)
        mortal.connect("broker.example", client_id=f"{client_id}-mortal", will=will)
        virtual.close()
    assert next(iter(subscription.messages(timeout=10))).payload == b"lost"


def test_a_thousand_messages_arrive_in_order_and_none_is_lost(
    modem: m531x.Modem, topic: str, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    received: list[bytes] = []
    modem.subscribe(topic, qos=1, callback=lambda message: received.append(message.payload))
    expected = [f"{number}".encode() for number in range(1000)]
    deliveries = [modem.publish_nowait(topic, payload, qos=1, timeout=50) for payload in expected]
    for delivery in deliveries:
        delivery.wait(timeout=50)
    eventually(lambda: len(received) >= 1000)
    assert received == expected
    assert modem.stats().dropped == 0


def test_a_delivery_tells_when_it_is_done(memory_modem: m531x.Modem) -> None:
    delivery = memory_modem.publish_nowait("a", "b", qos=2)
    receipt = delivery.wait(timeout=10)
    assert delivery.done()
    assert receipt.qos == 2
    assert delivery.wait() == receipt
    assert "done" in repr(delivery)


def test_a_delivery_can_be_forgotten(memory_modem: m531x.Modem) -> None:
    subscription = memory_modem.subscribe("a", qos=1)
    memory_modem.publish_nowait("a", "b", qos=1)
    assert next(iter(subscription.messages(timeout=10))).payload == b"b"


def test_unsubscribing_ends_the_messages(modem: m531x.Modem, topic: str) -> None:
    subscription = modem.subscribe(topic, qos=1)
    assert modem.subscriptions() == [topic]
    subscription.unsubscribe()
    assert modem.subscriptions() == []
    modem.publish(topic, "late", qos=1)
    assert list(modem.messages(timeout=0.3)) == []


def test_beyond_max_waiting_a_publish_is_refused() -> None:
    with m531x.Modem("virtual://", max_waiting=3) as modem:
        modem.connect("broker.example", client_id="test")
        virtual = modem.virtual_modem
        assert virtual is not None
        virtual.cut_network()
        for number in range(3):
            modem.publish_nowait("t", str(number), qos=1)
        with pytest.raises(m531x.QueueFullError, match="and 3 may") as caught:
            modem.publish_nowait("t", "3", qos=1)
        assert caught.value.code is m531x.ErrorCode.QUEUE_FULL
        modem.disconnect()
    with pytest.raises(m531x.InvalidArgumentError, match="max_waiting"):
        m531x.Modem("virtual://", max_waiting=0)
