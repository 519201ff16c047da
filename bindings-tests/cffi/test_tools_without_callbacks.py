"""LabVIEW, MATLAB and the like: no callbacks, doubles, caller's buffers, any thread."""

from typing import Any

import pytest

from tool import Tool

Received = tuple[float, str, bytes]


@pytest.fixture
def modem(tool: Tool) -> Any:
    handle = tool.online()
    yield handle
    tool.call("m531x_close", handle)


def next_message(tool: Tool, modem: float, timeout_ms: float = 30_000.0) -> Received:
    topic, payload = tool.text(), tool.octets()
    needed, length, flags = tool.u32(), tool.u32(), tool.u32()
    status = tool.call(
        *("m531x_wait_message", modem, timeout_ms),
        *(topic, float(len(topic)), needed, payload, float(len(payload)), length, flags),
    )
    return status, tool.string(topic), bytes(payload[0 : length[0]])


def test_a_handle_survives_being_a_double(tool: Tool, modem: float) -> None:
    state = tool.i32()
    assert tool.call("m531x_mqtt_state", modem, state) == 0
    assert state[0] == tool.constant("STATE_CONNECTED")


def test_publish_and_wait_on_changing_threads(tool: Tool, modem: float) -> None:
    for number in range(40):
        payload = f"{number}".encode()
        arguments = (payload, float(len(payload)), float(number % 3), 0.0, 30_000.0)
        assert tool.call("m531x_publish", modem, b"t/a", *arguments) == 0
        assert next_message(tool, modem) == (0, "t/a", payload)


def test_a_wait_loop_that_polls_ends_with_timeout(tool: Tool, modem: float) -> None:
    assert next_message(tool, modem, 0.0)[0] == tool.constant("ERR_TIMEOUT")
    assert next_message(tool, modem, 20.0)[0] == tool.constant("ERR_TIMEOUT")


def test_a_buffer_that_is_too_small_may_be_enlarged(tool: Tool, modem: float) -> None:
    assert tool.call("m531x_publish", modem, b"t/long", b"x" * 300, 300.0, 1.0, 0.0, -1.0) == 0
    topic, payload, needed, length = tool.text(), tool.octets(100), tool.u32(), tool.u32()
    arguments = (topic, 256.0, needed, payload)
    status = tool.call(
        "m531x_wait_message", modem, 30_000.0, *arguments, 100.0, length, tool.ffi.NULL
    )
    assert status == tool.constant("ERR_BUFFER_TOO_SMALL")
    assert (needed[0], length[0]) == (7, 300)
    assert next_message(tool, modem) == (0, "t/long", b"x" * 300)


def test_the_last_error_is_the_modems_and_not_the_threads(tool: Tool) -> None:
    modem = tool.open()
    status = tool.call("m531x_publish", modem, b"t/a", b"x", 1.0, 0.0, 0.0, 1000.0)
    assert status == tool.constant("ERR_NOT_CONNECTED")
    text, needed = tool.text(), tool.u32()
    assert tool.call("m531x_last_error_text", modem, text, 256.0, needed) == 0
    assert "connect" in tool.string(text)
    assert needed[0] == len(tool.string(text)) + 1
    assert tool.call("m531x_close", modem) == 0


def test_a_stop_button_wakes_the_wait_loop(tool: Tool, modem: float) -> None:
    null = tool.ffi.NULL
    waiting = tool.start(
        *("m531x_wait_message", modem, -1.0, tool.text(), 256.0, null, tool.octets(), 2048.0),
        *(null, null),
    )
    with pytest.raises(TimeoutError):
        waiting.result(0.1)
    assert tool.call("m531x_cancel", modem) == 0
    assert waiting.result(30) == tool.constant("ERR_CANCELLED")


def test_events_come_without_callbacks(tool: Tool, modem: float) -> None:
    kind, value, text, kinds = tool.i32(), tool.i32(), tool.text(), set()
    while tool.call("m531x_wait_event", modem, 0.0, kind, value, text, 256.0, tool.ffi.NULL) == 0:
        kinds.add(float(kind[0]))
    assert tool.constant("EVENT_CONNECTED") in kinds


def test_a_handle_that_was_never_given_is_refused(tool: Tool) -> None:
    stale = tool.constant("ERR_STALE_HANDLE")
    for handle in (0.0, 1.0, 2.0**31, 2.0**32 - 1):
        assert tool.call("m531x_close", handle) == stale


def test_the_virtual_modem_is_at_hand_without_hardware(tool: Tool) -> None:
    handle, port, null = tool.u32(), tool.text(), tool.ffi.NULL
    link = b"tcp://127.0.0.1:0"
    start = ("m531x_virtual_modem_start", b"M5311", b"embedded", link)
    assert tool.call(*start, handle, port, 256.0, null) == 0
    modem = tool.open(tool.string(port).encode())
    answer = tool.text()
    assert tool.call("m531x_command", modem, b"AT+CGMM", -1.0, answer, 256.0, null) == 0
    assert "M5311" in tool.string(answer)
    assert tool.call("m531x_close", modem) == 0
    assert tool.call("m531x_virtual_modem_stop", float(handle[0])) == 0
