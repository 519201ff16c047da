"""Everything wrong is a typed error that says what and what to do, mostly before a byte is sent."""

from __future__ import annotations

import array
import asyncio
import ctypes
import mmap
import os
import re
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import m531x
from bad_calls import CLOSED, REFUSED


@pytest.fixture(scope="module")
def shared() -> Iterator[m531x.Modem]:
    """One connected modem for the whole table: nothing of it may reach the module."""
    with m531x.Modem("virtual://") as modem:
        modem.connect("broker.example", client_id="test")
        yield modem


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
    assert shared.state is m531x.MqttState.CONNECTED


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
    pty = pytest.importorskip("pty")
    tty = pytest.importorskip("tty")
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
    "queue size beyond all": ({"queue_size": 10**30}, "queue_size is far out of range"),
    "queue size a float": ({"queue_size": 1.5}, "queue_size is float"),
    "trace a text": ({"trace": "100"}, "trace is str"),
    "trace negative": ({"trace": -1}, "trace is -1"),
    "model a number": ({"model": 5310}, "model is int: give str"),
    "baud rate a text": ({"baudrate": "9600"}, "baudrate is str"),
    "recovery a bool": ({"recovery": True}, "recovery is bool: give a Recovery or None"),
    "recovery jitter": ({"recovery": m531x.Recovery(jitter=2)}, "jitter is 2"),
    "recovery delay": ({"recovery": m531x.Recovery(initial_delay=-1)}, "initial_delay is -1"),
    "outbox a number": ({"outbox": 5}, "outbox is int: give an Outbox"),
    "outbox without a name": ({"outbox": ""}, "path is empty"),
    "outbox path a number": ({"outbox": m531x.Outbox(5)}, "path of the outbox is int"),  # type: ignore[arg-type]
    "outbox for nothing": ({"outbox": m531x.Outbox("x", max_messages=0)}, "limit is 0"),
    "outbox size": ({"outbox": m531x.Outbox("x", max_bytes=-1)}, "max_bytes is -1"),
    "outbox in flight": ({"outbox": m531x.Outbox("x", in_flight=99)}, "in_flight is 99"),
    "outbox overflow": (
        {"outbox": m531x.Outbox("x", overflow="explode")},  # type: ignore[arg-type]
        "explode.*drop_oldest",
    ),
    "no command timeout at all": ({"command_timeout": None}, "command_timeout is NoneType"),
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
    "firmware": ({"firmware": "my own"}, "use vendor or manual"),
    "network": ({"network": "wifi"}, "nb-iot"),
    "network a number": ({"network": 5}, "nb-iot"),
    "firmware a number": ({"firmware": 2}, "firmware is int"),
    "trait": ({"faults": {"late-disc": "maybe"}}, "on or off"),
    "fault": ({"faults": ["no-such-fault=1"]}, "no-such-fault"),
    "faults as text": ({"faults": "delay=1"}, "list"),
    "fault a number": ({"faults": [5]}, "a fault is int: give str"),
    "seed a text": ({"seed": "1"}, "seed is no whole number"),
    "echo a number": ({"echo": 1}, "echo is int"),
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


def test_a_wrong_type_is_a_type_error_too(shared: m531x.Modem) -> None:
    for call in (lambda: shared.publish(5, "x"), lambda: m531x.Modem(5)):  # type: ignore[arg-type]
        with pytest.raises(TypeError) as caught:
            call()
        assert isinstance(caught.value, m531x.ArgumentTypeError)
        assert isinstance(caught.value, ValueError)
    with pytest.raises(TypeError, match="client_id"):
        shared.connect("b")  # type: ignore[call-arg]


PAYLOADS: dict[str, tuple[Any, bytes]] = {
    "str": ("温度", "温度".encode()),
    "bytes": (b"\x00\xff", b"\x00\xff"),
    "bytearray": (bytearray(b"\r\n"), b"\r\n"),
    "memoryview": (memoryview(b"view"), b"view"),
    "memoryview that is not contiguous": (memoryview(b"m-5-3-1-")[::2], b"m531"),
    "memoryview backwards": (memoryview(b"135m")[::-1], b"m531"),
    "memoryview of numbers": (memoryview(array.array("H", [0x3130])), b"01"),
    "empty": (b"", b""),
    "array of numbers": (array.array("B", b"\x01\xff"), b"\x01\xff"),
    "array of ctypes": ((ctypes.c_uint8 * 2)(5, 6), b"\x05\x06"),
    "memory map": (mmap.mmap(-1, 2), b"\0\0"),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_of_any_kind_arrives_as_its_bytes(name: str) -> None:
    payload, expected = PAYLOADS[name]
    with m531x.Modem("virtual://") as modem:
        modem.connect("broker.example", client_id="test")
        modem.subscribe("t")
        modem.publish("t", payload, qos=1)
        assert next(iter(modem.messages(timeout=10))).payload == expected


INSTEAD: list[tuple[Any, str]] = [
    (None, 'b"" for an empty one'),
    ({"a": 1}, "json.dumps(x)"),
    ([1, 2], "json.dumps(x)"),
    ((1, 2), "json.dumps(x)"),
    (-5, "str(x)"),
    (True, "str(x)"),
    (21.5, "str(x)"),
    (ctypes.c_int(5), "str(x), or bytes(x) for its bytes in memory"),
    (m531x.Message("t", b"x"), "message.payload"),
    ((ctypes.py_object * 1)(ctypes.py_object("x")), "text, such as json.dumps(x.tolist())"),
    (object(), "text, bytes or another buffer, such as str(x)"),
]


@pytest.mark.parametrize(("payload", "instead"), INSTEAD, ids=lambda value: type(value).__name__)
def test_what_is_no_payload_is_refused_with_what_to_write(
    shared: m531x.Modem, payload: Any, instead: str
) -> None:
    calls: list[Callable[[], object]] = [
        lambda: shared.publish("t", payload),
        lambda: shared.publish_nowait("t", payload),
        lambda: m531x.Will("t", payload),
        lambda: m531x.Message("t", payload),
    ]
    for call in calls:
        with pytest.raises(m531x.ArgumentTypeError) as caught:
            call()
        assert str(caught.value).endswith(f": give {instead}")


HOSTS = {
    "mqtt://h": "scheme",
    "h:1883": "the port has an argument of its own",
    "user@h": "user name and password have arguments of their own",
    "[::1]": "brackets",
    "broker example": "space",
    " broker.example": "space",
    "broker.example/path": "path",
    "": "host is empty",
}


@pytest.mark.parametrize("host", HOSTS)
def test_what_is_no_host_is_refused_before_a_byte_is_sent(shared: m531x.Modem, host: str) -> None:
    sent = shared.stats().bytes_sent
    with pytest.raises(m531x.InvalidArgumentError, match=HOSTS[host]):
        shared.connect(host, client_id="test")
    assert shared.stats().bytes_sent == sent


@pytest.mark.parametrize("timeout", [5, 5.0, float("inf"), 1e300, None, Fraction(7, 2)])
def test_every_number_of_seconds_is_a_timeout(shared: m531x.Modem, timeout: Any) -> None:
    assert shared.command("AT", timeout=timeout) == []
    assert shared.publish_nowait("a", "x").wait(timeout=timeout).qos == 0


def test_a_wait_for_messages_may_be_as_long_as_you_like(shared: m531x.Modem) -> None:
    for timeout in (float("inf"), 1e300):
        threading.Timer(0.05, shared.publish, ["awaited", "x"]).start()
        subscription = shared.subscribe("awaited")
        assert next(iter(subscription.messages(timeout=timeout))).text == "x"


def test_a_path_is_a_port_too(virtual: m531x.VirtualModem) -> None:
    with m531x.Modem(Path(virtual.port)) as modem:
        assert modem.port == virtual.port
        assert modem.command("AT") == []


@pytest.mark.parametrize("port", [5, None, b"/dev/ttyUSB0", "tty\ud800"])
def test_what_is_no_port_is_refused(port: Any) -> None:
    with pytest.raises(m531x.InvalidArgumentError, match=r"^port "):
        m531x.Modem(port)


@pytest.mark.parametrize(
    ("port", "remedy"),
    [("localhost:5000", '"tcp://localhost:5000"'), ("virtual://M5311", 'model="M5311"')],
)
def test_what_looks_like_a_port_is_refused_with_the_right_one(port: str, remedy: str) -> None:
    for modem in (m531x.Modem, m531x.aio.Modem):
        with pytest.raises(m531x.InvalidArgumentError, match=remedy):
            modem(port)


def test_typical_mistakes_are_refused_with_the_remedy(shared: m531x.Modem) -> None:
    with pytest.raises(AttributeError, match="a modem has on_message"):
        shared.on_mesage = print  # type: ignore[attr-defined]
    with pytest.raises(m531x.ArgumentTypeError, match="give it as callback="):
        shared.subscribe("t", lambda _message: None)  # type: ignore[arg-type]
    with pytest.raises(m531x.InvalidArgumentError, match="password is given without username"):
        shared.connect("b", client_id="c", password="x")

    async def mixed() -> None:
        async with shared:  # type: ignore[attr-defined]
            pass

    with pytest.raises(TypeError, match=r"use m531x\.aio\.Modem"):
        asyncio.run(mixed())
    with pytest.raises(TypeError, match=r"use m531x\.Modem"):
        m531x.aio.Modem("virtual://").__enter__()  # type: ignore[attr-defined]
