"""Everything wrong is a typed error that says what and what to do, mostly before a byte is sent."""

from __future__ import annotations

import os
import pty
import re
import tty
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import m531x

# Deliberately untyped: much of what is called here would not pass a type checker.
Call = Callable[[Any], Any]


@pytest.fixture(scope="module")
def shared() -> Iterator[m531x.Modem]:
    """One connected modem for the whole table: nothing of it may reach the module."""
    with m531x.Modem("virtual://") as modem:
        modem.connect("broker.example", client_id="test")
        yield modem


REFUSED: dict[str, tuple[Call, str]] = {
    "topic with CR": (lambda m: m.publish("a\rb", "x"), "topic"),
    "topic with LF": (lambda m: m.publish("a\nb", "x"), "topic"),
    "topic with quote": (lambda m: m.publish('a"b', "x"), "topic"),
    "topic with NUL": (lambda m: m.publish("a\0b", "x"), "topic"),
    "topic with Ctrl-Z": (lambda m: m.publish("a\x1ab", "x"), "topic"),
    "topic with wildcard": (lambda m: m.publish("a/#", "x"), "topic"),
    "topic empty": (lambda m: m.publish("", "x"), "topic"),
    "topic over the limit": (lambda m: m.publish("a" * 600, "x"), "512"),
    "payload over the limit": (lambda m: m.publish("a", b"\0" * 600), "1024|limit"),
    "payload far over the limit": (lambda m: m.publish("a", b"\0" * 100_000), "limit|most|fit"),
    "payload a number": (lambda m: m.publish("a", 5), "int.*str"),
    "payload nothing": (lambda m: m.publish("a", None), "NoneType"),
    "payload a list": (lambda m: m.publish("a", [1]), "list"),
    "payload not UTF-8": (lambda m: m.publish("a", "\ud800"), "UTF-8"),
    "QoS 3": (lambda m: m.publish("a", "x", qos=3), "QoS 3"),
    "QoS -1": (lambda m: m.publish("a", "x", qos=-1), "QoS -1"),
    "QoS 300": (lambda m: m.subscribe("a", qos=300), "QoS 300"),
    "timeout negative": (lambda m: m.publish("a", "x", timeout=-1), "timeout is -1"),
    "timeout NaN": (lambda m: m.command("AT", timeout=float("nan")), "timeout is NaN"),
    "messages timeout negative": (lambda m: m.messages(timeout=-0.1), "timeout is -0.1"),
    "nowait QoS 3": (lambda m: m.publish_nowait("a", "x", qos=3), "QoS 3"),
    "filter with quote": (lambda m: m.subscribe('a"b'), "topic|filter"),
    "filter with misplaced wildcard": (lambda m: m.subscribe("a#"), "#|wildcard"),
    "filter over the limit": (lambda m: m.subscribe("a" * 600), "512"),
    "hex on M5310-A": (lambda m: m.subscribe("a", hex=True), "M5310-A"),
    "command with CR": (lambda m: m.command("AT\rAT"), "carriage|CR|0x0d|control"),
    "command with NUL": (lambda m: m.command("AT\0"), "NUL|0x00|control"),
    "command over the limit": (lambda m: m.command("AT" + "x" * 2000), "1024|limit"),
    "port 0": (lambda m: m.connect("b", 0, client_id="c"), "port"),
    "port 70000": (lambda m: m.connect("b", 70_000, client_id="c"), "port is 70000"),
    "host with quote": (lambda m: m.connect('b"', client_id="c"), "host"),
    "host empty": (lambda m: m.connect("", client_id="c"), "host"),
    "client id with CR": (lambda m: m.connect("b", client_id="c\r"), "client"),
    "keepalive not above the ack timeout": (
        lambda m: m.connect("b", client_id="c", keepalive=10, ack_timeout=10),
        "keep-?alive.*10",
    ),
    "keepalive out of range": (lambda m: m.connect("b", client_id="c", keepalive=70_000), "70000"),
    "password with quote": (
        lambda m: m.connect("b", client_id="c", username="u", password='secret"x'),
        "password",
    ),
    "tls on M5310-A": (lambda m: m.connect("b", client_id="c", tls=True), "M5310-A|TLS|encrypt"),
    "will QoS 3": (
        lambda m: m.connect("b", client_id="c", will=m531x.Will("w", "x", qos=3)),
        "QoS 3",
    ),
    "will that cannot be text": (
        lambda m: m.connect("b", client_id="c", will=m531x.Will("w", b"\0")),
        "will",
    ),
    "callback of another shape": (lambda m: m.subscribe("a", callback=lambda: None), "callback"),
    "ack timeout negative": (lambda m: m.set_ack_timeout(-5), "-5"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_before_a_byte_is_sent(shared: m531x.Modem, name: str) -> None:
    call, expected = REFUSED[name]
    sent = shared.stats().bytes_sent
    with pytest.raises(m531x.InvalidArgumentError) as caught:
        call(shared)
    text = str(caught.value)
    assert re.search(expected, text, re.IGNORECASE), text
    assert "secret" not in text
    assert "\n" not in text
    assert isinstance(caught.value, ValueError)
    assert caught.value.code is m531x.ErrorCode.INVALID_ARGUMENT
    assert shared.stats().bytes_sent == sent
    assert shared.mqtt_state() is m531x.MqttState.CONNECTED


CLOSED: dict[str, Call] = {
    "connect": lambda m: m.connect("b", client_id="c"),
    "publish": lambda m: m.publish("a", "x"),
    "publish_nowait": lambda m: m.publish_nowait("a", "x"),
    "subscribe": lambda m: m.subscribe("a"),
    "subscribe with callback": lambda m: m.subscribe("a", callback=print),
    "unsubscribe": lambda m: m.unsubscribe("a"),
    "messages": lambda m: m.messages(timeout=0),
    "disconnect": lambda m: m.disconnect(),
    "delete": lambda m: m.delete(),
    "status": lambda m: m.status(),
    "config": lambda m: m.config(),
    "info": lambda m: m.info(),
    "signal": lambda m: m.signal(),
    "command": lambda m: m.command("AT"),
    "wake": lambda m: m.wake(),
    "reboot": lambda m: m.reboot(),
    "wait_for_network": lambda m: m.wait_for_network(timeout=1),
    "set_ack_timeout": lambda m: m.set_ack_timeout(5),
    "set_ping_report": lambda m: m.set_ping_report(True),
}


@pytest.fixture(scope="module")
def closed() -> m531x.Modem:
    modem = m531x.Modem("virtual://")
    modem.close()
    return modem


@pytest.mark.parametrize("name", CLOSED)
def test_after_close_every_call_says_so(closed: m531x.Modem, name: str) -> None:
    with pytest.raises(m531x.ClosedError, match="closed"):
        CLOSED[name](closed)


def test_after_close_what_needs_no_module_still_works(closed: m531x.Modem) -> None:
    closed.close()
    assert closed.closed
    assert "closed" in repr(closed)
    assert closed.stats().bytes_sent > 0


@pytest.mark.parametrize("port", ["/dev/m531x-does-not-exist", "tcp://127.0.0.1:1"])
def test_a_port_that_is_not_there_is_a_port_error(port: str) -> None:
    with pytest.raises(m531x.PortError, match=re.escape(port)) as caught:
        m531x.Modem(port)
    assert isinstance(caught.value, OSError)


@pytest.mark.parametrize("port", ["", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:x"])
def test_a_malformed_port_is_refused(port: str) -> None:
    with pytest.raises((m531x.InvalidArgumentError, m531x.PortError)):
        m531x.Modem(port)


def test_a_file_is_not_a_port(tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(m531x.PortError):
        m531x.Modem(str(path))


def test_a_port_in_use_is_a_port_error_and_the_first_modem_goes_on(
    virtual: m531x.VirtualModem,
) -> None:
    with m531x.Modem(virtual.port) as modem:
        with pytest.raises(m531x.PortError) as caught:
            m531x.Modem(virtual.port)
        assert caught.value.code is m531x.ErrorCode.PORT_IN_USE
        assert modem.command("AT") == []
    m531x.Modem(virtual.port).close()


def test_a_port_that_answers_nothing_is_a_timeout() -> None:
    master, slave = pty.openpty()
    tty.setraw(master)
    try:
        with pytest.raises(m531x.ModemTimeoutError, match=r"power|baud") as caught:
            m531x.Modem(os.ttyname(slave))
        assert caught.value.code is m531x.ErrorCode.NO_ANSWER
        assert isinstance(caught.value, TimeoutError)
    finally:
        os.close(slave)
        os.close(master)


OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "model": ({"model": "M9999"}, "M9999.*M5310-A"),
    "baud rate 0": ({"baudrate": 0}, "baudrate is 0"),
    "baud rate negative": ({"baudrate": -1}, "baudrate is -1"),
    "queue size 0": ({"queue_size": 0}, "queue_size is 0"),
    "overflow": ({"overflow": "explode"}, "explode.*drop_oldest"),
    "command timeout": ({"command_timeout": -1.0}, "timeout is -1"),
    "no command timeout": ({"command_timeout": 0}, "command_timeout is 0"),
    "guard time": ({"guard_time": -1.0}, "-1"),
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("port", ["virtual://", "/dev/m531x-does-not-exist"])
def test_a_wrong_option_is_refused_whatever_the_port(name: str, port: str) -> None:
    options, expected = OPTIONS[name]
    with pytest.raises(m531x.InvalidArgumentError, match=expected):
        m531x.Modem(port, **options)


VIRTUAL: dict[str, tuple[dict[str, Any], str]] = {
    "model": ({"model": "M9999"}, "M9999"),
    "broker": ({"broker": "nowhere"}, "HOST:PORT"),
    "fault": ({"faults": ["no-such-fault=1"]}, "no-such-fault"),
    "faults as text": ({"faults": "delay=1"}, "list"),
    "link and tcp": ({"link": "/tmp/m531x-test-link", "tcp": "127.0.0.1:0"}, "one"),
    "tcp": ({"tcp": "nonsense"}, "HOST:PORT"),
    "baud rate": ({"baudrate": 0}, "baud"),
    "seed": ({"seed": -1}, "seed is -1"),
}


@pytest.mark.parametrize("name", VIRTUAL)
def test_a_virtual_modem_refuses_what_makes_no_sense(name: str) -> None:
    options, expected = VIRTUAL[name]
    with pytest.raises(m531x.InvalidArgumentError, match=expected):
        m531x.VirtualModem(**options)


def test_two_virtual_modems_cannot_share_a_link(tmp_path: Any) -> None:
    link = tmp_path / "modem"
    with m531x.VirtualModem(link=link) as virtual:
        assert virtual.port == str(link)
        with pytest.raises(m531x.PortError, match=re.escape(str(link))):
            m531x.VirtualModem(link=link)
        with m531x.Modem(str(link)) as modem:
            assert modem.command("AT") == []
    assert not link.is_symlink()


def test_a_wrong_type_is_a_type_error(shared: m531x.Modem) -> None:
    with pytest.raises(TypeError):
        shared.publish(5, "x")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        shared.connect("b", client_id="c", keepalive="60")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="will is str"):
        shared.connect("b", client_id="c", will="x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="client_id"):
        shared.connect("b")  # type: ignore[call-arg]
