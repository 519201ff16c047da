"""python-gsmmodem's `GsmModem`; it reports calls and SMS only, so it is asked for no URC."""

from __future__ import annotations

from typing import Any

from _play import play
from gsmmodem.modem import GsmModem


class Host:
    def __init__(self, port: str, topic: str) -> None:
        self._modem = GsmModem(port, 115200)
        self._modem.connect()

    def ask(self, command: str) -> list[str]:
        lines = self._modem.write(command, timeout=3)
        return [line for line in lines if line != "OK"]

    def events(self) -> list[str] | None:
        return None

    def messages(self) -> list[dict[str, Any]] | None:
        return None

    def close(self) -> None:
        self._modem.close()


play(Host)
