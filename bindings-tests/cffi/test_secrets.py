"""No password leaves the C library again, neither in an event nor in an error's text."""

from typing import Any

import pytest

from tool import Tool

PASSWORD = "Zq7vTr9Kx2mPw4Ls"
CONFIGURATION = f'AT+MQTTCFG="h",1883,"c",60,"u","{PASSWORD}",1'


def last_error(tool: Tool, modem: float) -> str:
    text, needed = tool.text(1024), tool.u32()
    assert tool.call("m531x_last_error_text", modem, text, 1024.0, needed) == 0
    return tool.string(text)


def events(tool: Tool, modem: float) -> list[str]:
    texts: list[str] = []
    kind, value, text, needed = tool.i32(), tool.i32(), tool.text(1024), tool.u32()
    while tool.call("m531x_wait_event", modem, 200.0, kind, value, text, 1024.0, needed) == 0:
        texts.append(tool.string(text))
    return texts


def option(tool: Tool, modem: float, name: str, text: str) -> float:
    return tool.call("m531x_set_string", modem, tool.constant(name), text.encode())


@pytest.mark.parametrize("wrong", [PASSWORD + '"', PASSWORD + "\r", PASSWORD * 99])
def test_a_refused_password_is_not_in_the_error(tool: Tool, wrong: str) -> None:
    modem = tool.open()
    option(tool, modem, "OPTION_USERNAME", "u")
    # It may be refused at once or when it is used.
    if option(tool, modem, "OPTION_PASSWORD", wrong) == 0:
        assert tool.call("m531x_connect", modem, b"h", 1883.0, b"c", 30_000.0) < 0
    assert last_error(tool, modem)
    assert PASSWORD[:6] not in last_error(tool, modem)
    tool.call("m531x_close", modem)


def test_a_raw_configuration_is_in_no_error_and_no_event(tool: Tool) -> None:
    modem = tool.open()
    response, needed = tool.text(1024), tool.u32()

    def command(line: str) -> Any:
        arguments = (line.encode(), 30_000.0, response, 1024.0, needed)
        return tool.call("m531x_command", modem, *arguments)

    shown = []
    for line in (CONFIGURATION + "\r", CONFIGURATION.replace(",1", ""), CONFIGURATION * 30):
        assert command(line) < 0
        shown.append(last_error(tool, modem))
    assert command(CONFIGURATION) == 0
    option(tool, modem, "OPTION_USERNAME", "u")
    assert option(tool, modem, "OPTION_PASSWORD", PASSWORD) == 0
    assert tool.call("m531x_connect", modem, b"h", 1883.0, b"c", 30_000.0) == 0
    shown += events(tool, modem)
    assert any("connected" in text for text in shown)
    assert not [text for text in shown if PASSWORD[:6] in text]
    tool.call("m531x_close", modem)
