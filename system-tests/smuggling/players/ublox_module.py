"""ublox's `SaraN211Module`, for an NB-IoT module, by the low-level call its README points to."""

from __future__ import annotations

from typing import Any

from _play import play
from ublox.modules import SaraN211Module


class Host:
    def __init__(self, port: str, topic: str) -> None:
        self._module = SaraN211Module(port)
        self._module._serial.timeout = 0.5
        self._module._at_action("ATE0", timeout=3)

    def ask(self, command: str) -> list[str]:
        lines = self._module._at_action(command, timeout=3, capture_urc=True)
        return [line.decode("latin-1") for line in lines]

    def events(self) -> list[str] | None:
        return None

    def messages(self) -> list[dict[str, Any]] | None:
        return None

    def close(self) -> None:
        self._module._serial.close()


play(Host)
