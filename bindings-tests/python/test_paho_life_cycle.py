"""How the threads of an `m531x.paho` client begin, go on and end."""

from __future__ import annotations

import gc
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import m531x
import m531x.paho
from paho_side import ALL_WAIT, Side


def test_leaving_ends_an_attempt_to_connect_at_once() -> None:
    # The module itself tries for half a minute.
    with m531x.VirtualModem(broker="127.0.0.1:1") as virtual:
        client = m531x.paho.Client(port=virtual.port)
        called: list[str] = []
        client.on_disconnect = lambda *_: called.append("disconnect")
        client.on_connect_fail = lambda *_: called.append("fail")
        client.connect_async("broker.example")
        client.loop_start()
        deadline = time.monotonic() + ALL_WAIT
        while client.modem is None or "connecting" not in repr(client.modem):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        began = time.monotonic()
        assert client.disconnect() == m531x.paho.MQTT_ERR_NO_CONN
        client.loop_stop()
        assert time.monotonic() - began < 15
        assert client.modem is None
        assert "disconnect" not in called


def test_an_exception_on_the_thread_is_reported_and_the_thread_goes_on(
    modem_side: Side, thread_errors: list[BaseException | None]
) -> None:
    client = modem_side.client()

    def fail(client: Any, *_: object) -> None:
        raise KeyError("mine")

    client.on_connect = lambda _c, _u, _f, _r, _p: fail(_c)
    client.connect(modem_side.host, modem_side.port)
    client.loop_start()
    client.subscribe("a")
    modem_side.wait("subscribe 1 ['Granted QoS 0']")
    assert client.modem.stats().callback_errors == 1
    client.disconnect()
    client.loop_stop()
    assert [type(error) for error in thread_errors] == [KeyError]


RAISED = [SystemExit("enough"), KeyboardInterrupt(), GeneratorExit()]


@pytest.mark.parametrize("name", ["on_pre_connect", "on_connect", "on_log"])
@pytest.mark.parametrize("raised", RAISED, ids=lambda raised: type(raised).__name__)
def test_no_callback_can_end_a_thread_of_the_client(
    modem_side: Side,
    thread_errors: list[BaseException | None],
    caplog: pytest.LogCaptureFixture,
    name: str,
    raised: BaseException,
) -> None:
    client = modem_side.client()
    main = threading.main_thread()

    def fail(*_: object) -> None:
        if threading.current_thread() is not main:
            modem_side.note("called")
            raise raised

    setattr(client, name, (lambda _c, _u: fail()) if name == "on_pre_connect" else fail)
    client.connect(modem_side.host, modem_side.port)
    client.loop_start()
    client.subscribe("a")
    modem_side.wait("subscribe 1 ['Granted QoS 0']")
    client.disconnect()
    modem_side.wait("disconnect Normal disconnection")
    client.loop_stop()
    assert "called" in modem_side.log
    if name == "on_log":
        assert "on_log raised" in caplog.text
        assert thread_errors == []
    else:
        [error] = thread_errors
        assert error is not None
        assert raised in (error, error.__cause__)


@pytest.mark.parametrize("raised", RAISED, ids=lambda raised: type(raised).__name__)
def test_a_password_function_that_raises_ends_no_attempt_to_connect_again(
    modem_side: Side, thread_errors: list[BaseException | None], raised: BaseException
) -> None:
    asked: list[str] = []

    def password() -> str:
        asked.append("")
        if len(asked) < 3:
            raise raised
        return "right"

    client = modem_side.client()
    client.reconnect_delay_set(0.01, 0.01)
    client.username_pw_set("meter", password)
    # `connect` raises to its caller; what the loop tries again does not.
    with pytest.raises(type(raised)):
        client.connect(modem_side.host, modem_side.port)
    client._connection.connect_later()
    client.loop_start()
    modem_side.wait("connect Success False")
    client.disconnect()
    client.loop_stop()
    assert len(asked) == 3
    assert len(thread_errors) == 1


def test_an_exception_in_on_log_stops_nothing(
    modem_side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    client = modem_side.client()
    client.on_log = lambda *_: 1 // 0
    client.connect(modem_side.host, modem_side.port)
    client.publish("a", "b", qos=1)
    client.disconnect()
    client.loop_forever()
    assert "on_log raised" in caplog.text


def test_a_client_leaves_no_thread_and_no_open_port(
    modem_side: Side, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    before = set(threading.enumerate())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            client = modem_side.client()
            client.connect(modem_side.host, modem_side.port)
            client.loop_start()
            client.disconnect()
            client.loop_stop()
            assert client.modem is None
            del client
        gc.collect()
    eventually(lambda: set(threading.enumerate()) <= before)
    assert modem_side.log.count("disconnect Normal disconnection") == 3


@pytest.mark.parametrize("state", ["connected", "lost"])
def test_a_forgotten_client_is_collected_although_its_callbacks_refer_to_it(
    modem_side: Side,
    expect_collected: Callable[[Callable[[], weakref.ref[Any]]], None],
    state: str,
) -> None:
    def forget() -> weakref.ref[m531x.paho.Client]:
        client: m531x.paho.Client = modem_side.client()
        client.reconnect_delay_set(60, 60)
        client.on_message = lambda *_: client.publish("other")
        client.connect(modem_side.host, modem_side.port)
        client.subscribe("a", 1)
        client.publish("a", "b", 1)
        while state == "connected" and client.loop(0.05) == 0 and len(modem_side.log) < 3:
            pass
        if state == "lost":
            client._connection.connect_later()
        return weakref.ref(client)

    expect_collected(forget)


def test_the_loop_on_a_thread_keeps_its_client_as_that_of_paho_does(modem_side: Side) -> None:
    def start() -> weakref.ref[m531x.paho.Client]:
        client: m531x.paho.Client = modem_side.client()
        client.connect(modem_side.host, modem_side.port)
        client.loop_start()
        return weakref.ref(client)

    kept = start()
    gc.collect()
    client = kept()
    assert client is not None
    modem_side.wait("connect Success False")
    client.disconnect()
    client.loop_stop()


def test_a_client_connects_again_after_it_has_left(modem_side: Side) -> None:
    side = modem_side
    client = side.client()
    for _ in range(2):
        side.log.clear()
        client.connect(side.host, side.port)
        client.loop_start()
        side.wait("connect Success False")
        client.disconnect()
        side.wait("disconnect Normal disconnection")
        client.loop_stop()
