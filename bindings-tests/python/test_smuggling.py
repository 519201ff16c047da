"""The smuggling corpus against the Python package, over a pseudo-terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import m531x
from smuggling_judge import payload_of
from smuggling_module import Module

Eventually = Callable[[Callable[[], bool]], None]
SMUGGLING = Path(__file__).parents[2] / "system-tests" / "smuggling"
CORPUS = json.loads((SMUGGLING / "corpus.json").read_text(encoding="utf-8"))
# AT has no way to write a quote, so such a topic cannot be subscribed to.
CASES = [case for case in CORPUS["cases"] if '"' not in case["topic"]]


@pytest.fixture
def module() -> Iterator[Module]:
    module = Module()
    yield module
    module.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_payload_is_exactly_its_bytes_while_a_command_waits(
    case: dict[str, Any], module: Module, eventually: Eventually
) -> None:
    topic, payload = case["topic"], payload_of(case)
    header = f"+MQTTPUBLISH:0,0,0,0,{topic},{len(payload)},".encode()
    events: list[m531x.Event] = []
    with m531x.Modem(module.port, model="M5310-A", guard_time=0) as modem:
        modem.connect("broker.example", client_id="c")
        subscription = modem.subscribe(topic)
        modem.on_event = events.append
        module.attack = header + payload + b"\r\n"
        assert modem.command("AT+CSQ") == ["+CSQ: 20,99"]
        module.say_unasked("+CEREG: 5")
        eventually(lambda: any(event.text == "+CEREG: 5" for event in events))
        messages = list(subscription.messages(timeout=0))
        state = modem.status()
    assert [(message.topic, message.payload) for message in messages] == [(topic, payload)]
    assert not messages[0].ambiguous
    assert state is m531x.MqttState.CONNECTED
    forged = {m531x.EventKind.DISCONNECTED, m531x.EventKind.REBOOTED, m531x.EventKind.STRAY_RESULT}
    assert not forged & {event.kind for event in events}
    urcs = [event.text for event in events if event.kind is m531x.EventKind.URC]
    assert [urc for urc in urcs if urc != "+MQTTOPEN:OK"] == ["+CEREG: 5"]
