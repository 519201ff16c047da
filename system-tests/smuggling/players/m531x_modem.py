"""m531x's Python package; ``--wide`` subscribes to everything rather than to the topic."""

from __future__ import annotations

import sys
from typing import Any

from _play import play

import m531x


class Host:
    def __init__(self, port: str, topic: str) -> None:
        self._events: list[str] = []
        self._doubtful: list[str] = []
        self._messages: list[dict[str, Any]] = []
        self._modem = m531x.Modem(port, model="M5310-A", baudrate=115200, guard_time=0)
        self._modem.on_event = self._on_event
        self._modem.on_message = self._on_message
        self._modem.connect("broker.example", client_id="board")
        self._modem.subscribe("#" if "--wide" in sys.argv else topic)

    def _on_event(self, event: m531x.Event) -> None:
        doubtful = event.kind is m531x.EventKind.AMBIGUOUS
        (self._doubtful if doubtful else self._events).append(event.text)

    def _on_message(self, message: m531x.Message) -> None:
        self._messages.append(
            {
                "topic": message.topic,
                "payload_hex": message.payload.hex(),
                "flagged": message.ambiguous or message.truncated,
            }
        )

    def ask(self, command: str) -> list[str]:
        return self._modem.command(command)

    def events(self) -> list[str]:
        if self._modem.status() is not m531x.MqttState.CONNECTED:
            self._events.append(f"state: {self._modem.status()}")
        return self._events

    def doubtful(self) -> list[str]:
        return self._doubtful

    def messages(self) -> list[dict[str, Any]]:
        return self._messages

    def close(self) -> None:
        self._modem.close()


play(Host)
