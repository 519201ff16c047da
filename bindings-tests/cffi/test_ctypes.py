"""ctypes of Python's standard library takes the C library, without a header and without cffi."""

import ctypes
from collections.abc import Iterator

import pytest

from header import library

PATIENCE_MS = 30_000
u32 = ctypes.c_uint32


@pytest.fixture
def api() -> ctypes.CDLL:
    return ctypes.CDLL(library())


@pytest.fixture
def modem(api: ctypes.CDLL) -> Iterator[u32]:
    handle = u32()
    assert api.m531x_open(b"virtual://", u32(0), None, PATIENCE_MS, ctypes.byref(handle)) == 0
    yield handle
    assert api.m531x_close(handle) == 0


def test_it_connects_publishes_and_receives(api: ctypes.CDLL, modem: u32) -> None:
    assert api.m531x_connect(modem, b"broker.example", u32(1883), b"ctypes", PATIENCE_MS) == 0
    granted = u32(99)
    arguments = (b"meters/#", u32(1), PATIENCE_MS, ctypes.byref(granted))
    assert api.m531x_subscribe(modem, *arguments) == 0
    assert granted.value == 1
    payload = b"21.5 \xc2\xb0C\0"
    flags = (u32(len(payload)), u32(1), u32(0), PATIENCE_MS)
    assert api.m531x_publish(modem, b"meters/17", payload, *flags) == 0
    topic = ctypes.create_string_buffer(256)
    octets = (ctypes.c_uint8 * 2048)()
    needed, length, seen = u32(), u32(), u32()
    status = api.m531x_wait_message(
        *(modem, PATIENCE_MS, topic, u32(len(topic)), ctypes.byref(needed)),
        *(octets, u32(len(octets)), ctypes.byref(length), ctypes.byref(seen)),
    )
    assert (status, topic.value, bytes(octets[: length.value])) == (0, b"meters/17", payload)
    assert needed.value == len(b"meters/17") + 1


def test_an_error_is_a_negative_status_with_a_text(api: ctypes.CDLL, modem: u32) -> None:
    status = api.m531x_publish(modem, b"t", b"x", u32(1), u32(0), u32(0), PATIENCE_MS)
    api.m531x_error_name.restype = ctypes.c_char_p
    assert api.m531x_error_name(status) == b"M531X_ERR_NOT_CONNECTED"
    text = ctypes.create_string_buffer(256)
    assert api.m531x_last_error_text(modem, text, u32(len(text)), None) == 0
    assert b"connect" in text.value
