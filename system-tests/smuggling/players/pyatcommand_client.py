"""pyatcommand's `AtClient`, echo on as its documentation recommends."""

from __future__ import annotations

from typing import Any

from _play import play
from pyatcommand import AtClient


class Host:
    def __init__(self, port: str, topic: str) -> None:
        self._client = AtClient()
        self._client.connect(port=port, baudrate=115200, autobaud=False, retry_timeout=10)

    def ask(self, command: str) -> list[str]:
        answer = self._client.send_command(command, timeout=3)
        if not answer.ok:
            raise RuntimeError(answer.raw)
        return answer.info.split("\n") if answer.info else []

    def events(self) -> list[str]:
        urcs: list[str] = []
        while (urc := self._client.get_urc()) is not None:
            urcs.append(urc.strip())
        return urcs

    def messages(self) -> list[dict[str, Any]] | None:
        return None

    def close(self) -> None:
        self._client.disconnect()


play(Host)
