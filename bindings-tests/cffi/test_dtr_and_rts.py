"""The options for DTR and RTS, as a serial server sees them."""

import pytest

from rfc2217 import served
from tool import Tool


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"DTR": 1.0, "RTS": 0.0}, ["dtr True", "rts False"]),
        ({"DTR": 0.0}, ["dtr False"]),
        ({"RTS": 1.0, "DTR": 2.0}, ["rts True"]),
        ({}, []),
    ],
)
def test_the_server_sets_what_the_options_say(
    tool: Tool, options: dict[str, float], expected: list[str]
) -> None:
    virtual, port, null = tool.u32(), tool.text(), tool.ffi.NULL
    start = ("m531x_virtual_modem_start", null, null, null)
    assert tool.call(*start, virtual, port, 256.0, null) == 0
    given, modem = tool.u32(), tool.u32()
    assert tool.call("m531x_options_new", given) == 0
    lines: list[str] = []
    with served(tool.string(port), lines=lines) as url:
        for name, value in options.items():
            option = tool.constant(f"OPTION_{name}")
            assert tool.call("m531x_set_u32", float(given[0]), option, value) == 0
        opening = ("m531x_open_with", url.encode(), float(given[0]), 30_000.0)
        assert tool.call(*opening, modem) == 0
        answer = tool.text()
        arguments = (float(modem[0]), b"AT+CGMM", -1.0, answer, 256.0, null)
        assert tool.call("m531x_command", *arguments) == 0
        assert tool.call("m531x_close", float(modem[0])) == 0
    assert tool.call("m531x_options_free", float(given[0])) == 0
    assert tool.call("m531x_virtual_modem_stop", float(virtual[0])) == 0
    assert lines == expected
