"""Logins to clouds by the options of the C library."""

import pytest

from fake_cloud import FakeCloud, is_valid, parts, token_of
from tool import Tool

KEY = "KuF3NT/jUBJ62LNBB/A8XZA9CqS3Cu79B/ABmfA1UCw="


def options(tool: Tool, modem: float, **texts: str) -> list[float]:
    return [
        tool.call("m531x_set_string", modem, tool.constant(f"OPTION_{name}"), texts[name].encode())
        for name in texts
    ]


def connect(tool: Tool, modem: float, *, client_id: bytes | None = None) -> float:
    nothing = tool.ffi.NULL
    return tool.call("m531x_connect", modem, nothing, 0.0, client_id or nothing, 30_000.0)


def last_error(tool: Tool, modem: float) -> str:
    text, needed = tool.text(1024), tool.u32()
    assert tool.call("m531x_last_error_text", modem, text, 1024.0, needed) == 0
    return tool.string(text)


@pytest.mark.timeout(120)
def test_each_connection_has_a_fresh_token(tool: Tool) -> None:
    with FakeCloud(lambda token: 0 if is_valid(token) else 5) as cloud:
        modem = tool.open(cloud.port().encode())
        texts = {"CLOUD": "onenet", "CLOUD_PRODUCT": "pid", "CLOUD_DEVICE": "dev"}
        assert set(options(tool, modem, **texts, CLOUD_KEY=KEY, CLOUD_HASH="sha1")) == {0.0}
        valid_for = tool.constant("OPTION_CLOUD_VALID_FOR_S")
        assert tool.call("m531x_set_u32", modem, valid_for, 8.0) == 0
        assert connect(tool, modem) == 0, last_error(tool, modem)
        cloud.renew()
        assert parts("version=" + token_of(cloud.connects[-1]))["method"] == "sha1"
        assert parts("version=" + token_of(cloud.connects[-1]))["res"] == "products/pid/devices/dev"
        tool.call("m531x_close", modem)


def test_what_does_not_go_together_is_refused_and_no_key_is_shown(tool: Tool) -> None:
    modem = tool.open()
    assert connect(tool, modem) < 0
    assert "NULL" in last_error(tool, modem)
    options(tool, modem, CLOUD="onenet", CLOUD_DEVICE="dev", CLOUD_KEY="?geheim")
    for product, client_id, words in [
        ("", None, "product"),
        ("pid", None, "base64"),
        ("pid", b"other", "client id"),
    ]:
        options(tool, modem, CLOUD_PRODUCT=product)
        assert connect(tool, modem, client_id=client_id) < 0
        assert words in last_error(tool, modem)
        assert "geheim" not in last_error(tool, modem)
    text, needed = tool.text(), tool.u32()
    key = tool.constant("OPTION_CLOUD_KEY")
    assert tool.call("m531x_get_string", modem, key, text, 256.0, needed) < 0
    assert "geheim" not in tool.string(text)
    tool.call("m531x_close", modem)
