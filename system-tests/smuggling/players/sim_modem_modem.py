"""sim-modem's `Modem`; it has no general command, so its reading of the signal stands for all."""

from __future__ import annotations

from typing import Any

from _play import play
from sim_modem import Modem


class Host:
    def __init__(self, port: str, topic: str) -> None:
        self._modem = Modem(port, baudrate=115200, timeout=0.5)

    def ask(self, command: str) -> list[str]:
        assert command == "AT+CSQ"
        return [f"+CSQ: {self._modem.get_signal_quality()}"]

    def events(self) -> list[str] | None:
        return None

    def messages(self) -> list[dict[str, Any]] | None:
        return None

    def close(self) -> None:
        self._modem.close()


play(Host)
