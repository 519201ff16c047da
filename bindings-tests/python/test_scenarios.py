"""The scenarios that Rust, C and Python play alike, in Python."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import m531x
from scenario_player import SCENARIOS, FailedError, play


def named(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Has it fail with the error's name."""

    def call(*arguments: Any, **named_arguments: Any) -> Any:
        try:
            return operation(*arguments, **named_arguments)
        except m531x.M531xError as error:
            raise FailedError(error.code.name) from error

    return call


class Side:
    """A modem."""

    def __init__(self, modem: m531x.Modem) -> None:
        self.modem = modem
        for name, operation in inspect.getmembers(self, inspect.ismethod):
            setattr(self, name, named(operation))

    def bytes_sent(self) -> int:
        return self.modem.stats().bytes_sent

    def connect(self, host: str, client_id: str) -> None:
        self.modem.connect(host, client_id=client_id)

    def disconnect(self) -> None:
        self.modem.disconnect()

    def delete(self) -> None:
        self.modem.delete()

    def state(self) -> int:
        return int(self.modem.state)

    def status(self) -> int:
        return int(self.modem.status())

    def publish(self, topic: str, payload: str, qos: int, retain: bool = False) -> None:
        self.modem.publish(topic, payload.encode("latin-1"), qos=qos, retain=retain)

    def subscribe(self, topic: str, qos: int) -> int:
        return self.modem.subscribe(topic, qos=qos).granted_qos

    def unsubscribe(self, topic: str) -> None:
        self.modem.unsubscribe(topic)

    def subscriptions(self) -> list[str]:
        return self.modem.subscriptions()

    def receive(self) -> dict[str, Any]:
        message = self.modem.receive(timeout=30)
        return {
            "topic": message.topic,
            "payload": message.payload.decode("latin-1"),
            "qos": message.qos,
            "retain": message.retain,
        }

    def command(self, line: str) -> list[str]:
        return self.modem.command(line)

    def model(self) -> str:
        return str(self.modem.info().model)

    def reboot(self) -> None:
        self.modem.reboot()

    def topic_matches(self, filter: str, topic: str) -> bool:  # noqa: A002 - MQTT's word
        return m531x.topic_matches(filter, topic)


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_ends_as_the_file_says(name: str) -> None:
    with m531x.Modem("virtual://", model="M5310-A") as modem:
        play(SCENARIOS[name], Side(modem))
