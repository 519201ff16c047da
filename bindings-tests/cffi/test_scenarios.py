"""The scenarios that Rust, C and Python play alike, in C."""

from __future__ import annotations

from typing import Any

import pytest

from scenario_player import SCENARIOS, FailedError, play
from tool import Tool

LIMIT_MS = 30_000.0


class Side:
    """A modem."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.text = tool.text(4096)
        place = tool.u32()
        self.call("m531x_open", b"virtual://", 0.0, b"M5310-A", LIMIT_MS, place)
        self.modem = float(place[0])

    def call(self, function: str, *arguments: Any) -> int:
        status = int(self.tool.call(function, *arguments))
        if status < 0:
            name = self.tool.ffi.string(self.tool.api.m531x_error_name(status)).decode()
            raise FailedError(name.removeprefix("M531X_ERR_"))
        return status

    def of_modem(self, function: str, *arguments: Any) -> int:
        return self.call(function, self.modem, *arguments)

    def lines(self) -> list[str]:
        return self.tool.string(self.text).splitlines()

    def close(self) -> None:
        self.of_modem("m531x_close")

    def bytes_sent(self) -> int:
        value = self.tool.u32()
        stat = self.tool.constant("STAT_BYTES_SENT")
        self.of_modem("m531x_stats", stat, value, self.tool.ffi.NULL)
        return int(value[0])

    def connect(self, host: str, client_id: str) -> None:
        self.of_modem("m531x_connect", host.encode(), 1883.0, client_id.encode(), LIMIT_MS)

    def disconnect(self) -> None:
        self.of_modem("m531x_disconnect", LIMIT_MS)

    def delete(self) -> None:
        self.of_modem("m531x_delete", LIMIT_MS)

    def state(self) -> int:
        value = self.tool.i32()
        self.of_modem("m531x_mqtt_state", value)
        return int(value[0])

    def status(self) -> int:
        value = self.tool.i32()
        self.of_modem("m531x_ask_mqtt_state", LIMIT_MS, value)
        return int(value[0])

    def publish(self, topic: str, payload: str, qos: int, retain: bool = False) -> None:
        octets = payload.encode("latin-1")
        numbers = (float(len(octets)), float(qos), float(retain), LIMIT_MS)
        self.of_modem("m531x_publish", topic.encode(), octets, *numbers)

    def subscribe(self, topic: str, qos: int) -> int:
        granted = self.tool.u32()
        self.of_modem("m531x_subscribe", topic.encode(), float(qos), LIMIT_MS, granted)
        return int(granted[0])

    def unsubscribe(self, topic: str) -> None:
        self.of_modem("m531x_unsubscribe", topic.encode(), LIMIT_MS)

    def subscriptions(self) -> list[str]:
        self.of_modem("m531x_subscriptions", self.text, 4096.0, self.tool.u32())
        return self.lines()

    def receive(self) -> dict[str, Any]:
        payload, length, flags = self.tool.octets(), self.tool.u32(), self.tool.u32()
        buffers = (self.text, 4096.0, self.tool.u32(), payload, 2048.0, length, flags)
        self.of_modem("m531x_wait_message", LIMIT_MS, *buffers)
        return {
            "topic": self.tool.string(self.text),
            "payload": bytes(payload[0 : length[0]]).decode("latin-1"),
            "qos": flags[0] & int(self.tool.constant("MESSAGE_QOS_MASK")),
            "retain": bool(flags[0] & int(self.tool.constant("MESSAGE_RETAIN"))),
        }

    def command(self, line: str) -> list[str]:
        arguments = (line.encode(), LIMIT_MS, self.text, 4096.0, self.tool.u32())
        self.of_modem("m531x_command", *arguments)
        return self.lines()

    def model(self) -> str:
        self.of_modem("m531x_info", LIMIT_MS, self.text, 4096.0, self.tool.u32())
        return self.lines()[0].removeprefix("model=")

    def reboot(self) -> None:
        self.of_modem("m531x_reboot", LIMIT_MS)

    def topic_matches(self, filter: str, topic: str) -> bool:  # noqa: A002 - MQTT's word
        return bool(self.call("m531x_topic_matches", filter.encode(), topic.encode()))


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_ends_as_the_file_says(tool: Tool, name: str) -> None:
    side = Side(tool)
    play(SCENARIOS[name], side)
    side.close()
