"""The values: comparing, showing, pickling, and the same numbers as in Rust."""

from __future__ import annotations

import copy
import pickle

import pytest

import m531x
from m531x import _native
from m531x._native import topic_matches


def test_messages_compare_hash_copy_and_pickle() -> None:
    message = m531x.Message("a/b", b"\x00\xff", qos=1, retain=True, packet_id=7, timestamp=1.5)
    same = m531x.Message("a/b", b"\x00\xff", 1, True, packet_id=7, timestamp=1.5)
    other = m531x.Message("a/b", b"\x00\xfe", 1, True, packet_id=7, timestamp=1.5)
    assert message == same
    assert message != other
    assert message != "a/b"
    assert len({message, same, other}) == 2
    assert pickle.loads(pickle.dumps(message)) == message
    assert copy.deepcopy(message) == message


def test_a_message_shows_itself_and_its_text() -> None:
    message = m531x.Message("a", "温度", truncated=True)
    assert message.text == "温度"
    assert repr(message).startswith("Message(topic='a', payload=b'\\xe6")
    assert "truncated=True" in repr(message)
    assert m531x.Message("a", b"\xff!").text == "\ufffd!"


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        m531x.Message("a", b"b").topic = "c"  # type: ignore[misc]


def test_a_will_keeps_bytes() -> None:
    assert m531x.Will("a", "b") == m531x.Will("a", b"b", qos=0, retain=False)
    with pytest.raises(m531x.InvalidArgumentError, match="int"):
        m531x.Will("a", 5)  # type: ignore[arg-type]


def _words(name: str) -> str:
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in name)
    return spaced.strip().replace(" ", "_").upper()


def test_event_kinds_and_states_are_those_of_the_core() -> None:
    assert {kind.value: kind.name for kind in m531x.EventKind} == {
        number: _words(name) for number, name in _native.event_kinds()
    }
    assert {state.value: state.name for state in m531x.MqttState} == {
        number: name.upper().replace(" ", "_") for number, name in _native.mqtt_states()
    }


def test_every_error_has_the_bases_that_python_code_catches() -> None:
    assert issubclass(m531x.ModemTimeoutError, TimeoutError)
    assert issubclass(m531x.PortError, OSError)
    assert issubclass(m531x.NotConnectedError, ConnectionError)
    assert issubclass(m531x.ConnectError, ConnectionError)
    assert issubclass(m531x.InvalidArgumentError, ValueError)
    for code in m531x.ErrorCode:
        assert code < 0
        assert code.text


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("a/+/c", "a/b/c", True),
        ("a/+/c", "a/b/d", False),
        ("a/#", "a", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/b", "/b", True),
        ("a", "a/b", False),
        ("$share/g/a/+", "a/b", True),
        ("$queue/a", "a", True),
        ("$exclusive/a", "b", False),
    ],
)
def test_filters_match_as_mqtt_says(pattern: str, topic: str, expected: bool) -> None:
    assert topic_matches(pattern, topic) is expected


def test_ports_lists_without_opening() -> None:
    names = [port.name for port in m531x.ports()]
    assert names == sorted(names)
