"""What `m531x.paho` does that paho does not: the module, its losses, and what it refuses."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import m531x
import m531x.paho
from paho_side import ALL_WAIT, Side


def test_a_port_that_is_not_there_raises_an_os_error(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    client = m531x.paho.Client(port=link)
    with pytest.raises(OSError, match="modem"):
        client.connect("broker.example")
    assert client.modem is None
    client.connect_async("broker.example")
    with pytest.raises(m531x.PortError):
        client.loop_forever()


def test_the_loop_repeats_a_first_connection_that_fails(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    client = m531x.paho.Client(port=link)
    failed, connected = threading.Event(), threading.Event()
    client.on_connect_fail = lambda _c, _u: failed.set()
    client.on_connect = lambda *_: connected.set()
    client.reconnect_delay_set(0.1, 0.1)
    client.connect_async("broker.example")
    client.loop_start()
    assert failed.wait(ALL_WAIT)
    with m531x.VirtualModem(link=link):
        assert connected.wait(ALL_WAIT)
        client.disconnect()
        client.loop_stop()
    assert client.modem is None


def test_a_lost_connection_comes_back_with_its_subscriptions(modem_side: Side) -> None:
    side = modem_side
    client = side.client()
    client.reconnect_delay_set(0.1, 0.1)
    with side.connected(client):
        client.subscribe("a", 1)
        side.wait("subscribe 1 ['Granted QoS 1']")
        side.log.clear()
        side.reboot()
        side.wait("disconnect Unspecified error")
        side.wait("connect Success False")
        client.publish("a", "again", qos=1)
        side.wait("message a b'again' 1 False")
    assert side.log.index("disconnect Unspecified error") < side.log.index("connect Success False")


def test_connecting_again_while_connected_is_no_loss(modem_side: Side) -> None:
    side = modem_side
    client = side.client()
    with side.connected(client):
        side.log.clear()
        client.connect(side.host, side.port, keepalive=5)
        side.wait("connect Success False")
        client.publish("a", "b", qos=1).wait_for_publish(ALL_WAIT)
    assert [line for line in side.log if "connect" in line] == [
        "connect Success False",
        "disconnect Normal disconnection",
    ]


def test_the_thread_of_the_loop_waits_for_a_connection(modem_side: Side) -> None:
    client = modem_side.client()
    client.loop_start()
    client.connect(modem_side.host, modem_side.port)
    modem_side.wait("connect Success False")
    client.disconnect()
    client.loop_stop()


def test_without_reconnect_a_loss_ends_the_loop(modem_side: Side) -> None:
    side = modem_side
    client = side.client(reconnect_on_failure=False)
    client.connect(side.host, side.port)
    client.on_connect = lambda *_: side.reboot()
    assert client.loop_forever() == m531x.paho.MQTT_ERR_CONN_LOST
    assert side.log == ["disconnect Unspecified error"]
    assert client.modem is None


def test_a_publish_that_the_module_cannot_send_fails_aloud(
    modem_side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    client = modem_side.client()
    client.connect(modem_side.host, modem_side.port)
    info = client.publish("a", b"\0" * 100_000, qos=1)
    with pytest.raises(RuntimeError, match="bytes"):
        info.wait_for_publish(ALL_WAIT)
    client.disconnect()
    assert [record.levelno for record in caplog.records if record.name == "m531x.paho"] == [
        logging.ERROR
    ]


def test_a_callback_may_wait_for_a_publish(modem_side: Side) -> None:
    side = modem_side
    client = side.client()

    def on_connect(*_: object) -> None:
        info = client.publish("a", "b", qos=1)
        info.wait_for_publish(ALL_WAIT)
        side.note(f"waited {info.is_published()}")

    client.on_connect = on_connect
    client.connect(side.host, side.port)
    client.loop_start()
    side.wait("waited True")
    side.wait("publish 1 Success")
    client.disconnect()
    client.loop_stop()


@pytest.mark.parametrize("moment", ["before it is sent", "after it is sent"])
def test_a_publish_survives_a_port_that_closes_meanwhile(
    modem_side: Side, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = modem_side
    client = side.client()
    publish_nowait = m531x.Modem.publish_nowait

    def interrupted(modem: m531x.Modem, *arguments: Any) -> m531x.Delivery:
        monkeypatch.setattr(m531x.Modem, "publish_nowait", publish_nowait)
        if moment == "after it is sent":
            delivery = publish_nowait(modem, *arguments)
            client._connection._close()
            return delivery
        client._connection._close()
        return publish_nowait(modem, *arguments)

    monkeypatch.setattr(m531x.Modem, "publish_nowait", interrupted)
    client.connect(side.host, side.port)
    infos = [client.publish("a", str(number), qos=1) for number in range(3)]
    client.loop_start()
    while client.modem is not None:
        time.sleep(0.01)
    assert not client.is_connected()
    client.connect(side.host, side.port)
    for info in infos:
        while info.rc == m531x.paho.MQTT_ERR_NO_CONN:
            time.sleep(0.01)
        info.wait_for_publish(ALL_WAIT)
        assert info.is_published()
    client.disconnect()
    client.loop_stop()


def test_a_port_that_closes_while_it_connects_is_not_connected(
    modem_side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = modem_side
    client = side.client()
    connect = m531x.Modem.connect

    def interrupted(modem: m531x.Modem, *arguments: Any, **options: Any) -> m531x.Session:
        session = connect(modem, *arguments, **options)
        client._connection._close()
        return session

    monkeypatch.setattr(m531x.Modem, "connect", interrupted)
    client.connect(side.host, side.port)
    assert not client.is_connected()
    assert client.publish("a", "b").rc == m531x.paho.MQTT_ERR_NO_CONN
    monkeypatch.setattr(m531x.Modem, "connect", connect)
    with side.connected(client):
        pass
    assert side.log.count("connect Success False") == 1


REFUSED: list[tuple[Callable[[Any], object], str]] = [
    (lambda client: client.tls_set(ca_certs="ca.pem"), "certificates"),
    (lambda client: client.tls_set(), "CERT_NONE"),
    (lambda client: client.tls_set_context(None), "certificates"),
    (lambda client: client.tls_insecure_set(False), "certificates"),
    (lambda client: client.ws_set_options(), "TCP"),
    (lambda client: client.proxy_set(proxy_addr="x"), "radio"),
    (lambda client: client.manual_ack_set(True), "acknowledges"),
    (lambda client: client.ack(1, 1), "acknowledges"),
    (lambda client: client.loop_read(), "socket"),
    (lambda client: client.loop_write(), "socket"),
    (lambda client: client.loop_misc(), "socket"),
    (lambda client: client.socket(), "socket"),
    (lambda client: setattr(client, "on_socket_open", print), "socket"),
    (lambda client: client.connect("h", bind_address="127.0.0.1"), "socket"),
    (lambda client: client.connect("h", clean_start=True), "MQTT 5"),
    (lambda client: client.connect("h", properties=object()), "3.1.1"),
    (lambda client: client.publish("a", properties=object()), "3.1.1"),
    (lambda client: client.subscribe("a", options=object()), "3.1.1"),
    (lambda client: client.will_set("a", properties=object()), "3.1.1"),
    (lambda _: m531x.paho.Client(port="x", transport="websockets"), "TCP"),
    (lambda _: m531x.paho.Client(port="x", protocol=m531x.paho.MQTTv5), "3.1.1"),
    (lambda _: m531x.paho.Client(port="x", manual_ack=True), "acknowledges"),
    (lambda _: m531x.paho.Client("name", port="x"), "VERSION2"),  # type: ignore[arg-type]
    (lambda _: m531x.paho.Client(), "M531X_PORT"),
    (lambda client: setattr(client, "on_message", lambda _c, _u: None), "message"),
    (lambda client: client.connect_srv(), "SRV"),
    (lambda client: client.enable_bridge_mode(), "client only"),
    (lambda client: client.reinitialise(), "new Client"),
    (lambda client: client.max_inflight_messages_set(-1), "1 or more"),
    (lambda client: setattr(client, "max_inflight_messages", -1), "1 or more"),
    (lambda client: setattr(client, "connect_timeout", 0), "above 0"),
    (lambda client: setattr(client, "max_queued_messages", -1), "0 or more"),
    (lambda client: client.max_queued_messages_set(-1), "0 or more"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_the_module_cannot_do_raises_with_the_reason(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("M531X_PORT", raising=False)
    call, words = REFUSED[number]
    client = m531x.paho.Client(port="/dev/null")
    with pytest.raises(m531x.InvalidArgumentError, match=words):
        call(client)


def test_a_misspelled_callback_is_named() -> None:
    client = m531x.paho.Client(port="/dev/null")
    with pytest.raises(AttributeError, match="on_mesage"):
        client.on_mesage = print


def test_tls_without_certificates_is_asked_of_the_module() -> None:
    with m531x.VirtualModem("M5310-A") as virtual:
        client = m531x.paho.Client(port=virtual.port)
        client.tls_set(cert_reqs=ssl.CERT_NONE)
        client.tls_insecure_set(True)
        with pytest.raises(m531x.M531xError, match=r"(?i)tls|encrypt"):
            client.connect("broker.example")


def test_a_password_may_come_from_a_function_and_shows_nowhere(broker: Any) -> None:
    asked = []

    def password() -> str:
        asked.append(1)
        return "right"

    with m531x.VirtualModem(broker=broker.guarded) as virtual:
        client = m531x.paho.Client(port=virtual.port, trace=1000)
        client.username_pw_set("meter", password)
        client.connect("broker.example")
        assert client.is_connected()
        assert client.modem is not None
        assert "right" not in f"{client!r}{vars(client)}{client.modem.trace()}"
        client.disconnect()
        client.loop_forever()
    assert asked == [1]


def test_log_lines_go_to_on_log_and_the_logger(
    modem_side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "m531x.paho")
    client = modem_side.client()
    lines: list[tuple[int, str]] = []
    client.on_log = lambda _c, _u, level, text: lines.append((level, text))
    client.enable_logger()
    client.connect(modem_side.host, modem_side.port)
    client.publish("a", "b")
    client.disconnect()
    client.loop_forever()
    assert [level for level, _ in lines] == [m531x.paho.MQTT_LOG_DEBUG] * 3
    assert [record.levelno for record in caplog.records if record.name == "m531x.paho"] == [
        logging.DEBUG
    ] * 3


def test_the_password_may_be_set_before_each_connection(modem_side: Side) -> None:
    client = modem_side.client()
    client.on_pre_connect = lambda client, _u: client.username_pw_set("u", "p")
    client.connect(modem_side.host, modem_side.port)
    assert client.modem.config().username == "u"
    client.disconnect()
    client.loop_forever()


def test_the_limit_of_the_connect_packet_can_be_raised(modem_side: Side) -> None:
    def refusal(**options: Any) -> str:
        client = modem_side.client(**options)
        client.username_pw_set("meter", "x" * 300)
        with pytest.raises(m531x.M531xError) as refused:
            client.connect(modem_side.host, modem_side.port)
        return str(refused.value)

    assert "CONNECT packet" in refusal()
    assert "256" in refusal()
    assert "300" in refusal(connect_limit=300)
    # The driver lets it pass, and the virtual module, which has 256 bytes, refuses it.
    assert "CONNECT packet" not in refusal(connect_limit=512)
    with pytest.raises(m531x.InvalidArgumentError, match="connect_limit"):
        modem_side.client(connect_limit="512").connect(modem_side.host)


def test_a_slow_loop_holds_back_messages_within_bounds(
    modem_side: Side,
    eventually: Callable[[Callable[[], bool]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("m531x.paho._queue._MESSAGES", 20)
    client = modem_side.client()
    client.connect(modem_side.host, modem_side.port)
    client.subscribe("a", 0)
    client.loop(5)
    count = 60
    for number in range(count):
        client.publish("a", str(number))
    eventually(lambda: client._queue._messages == 20)
    while sum(line.startswith("message") for line in modem_side.log) < count:
        client.loop(1)
    texts = [line for line in modem_side.log if line.startswith("message")]
    assert texts == [f"message a {str(n).encode()!r} 0 False" for n in range(count)]
    client.disconnect()
    client.loop_forever()


def test_reason_codes_compare_as_in_paho() -> None:
    success = m531x.paho.ReasonCode.of_connack(0)
    refused = m531x.paho.ReasonCode.of_connack(5)
    assert success == 0
    assert success == "Success"
    assert refused != 0
    assert refused.is_failure
    assert refused.getName() == str(refused) == "Not authorized"
    assert {success: 1}[m531x.paho.ReasonCode.of_connack(0)] == 1
    assert m531x.paho.connack_string(refused) == m531x.paho.connack_string(5)
    assert m531x.paho.error_string(4) == "the client is not connected"
