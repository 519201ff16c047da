"""pyserial's threaded `LineReader`, split as in its AT example: URCs here, answers there."""

from __future__ import annotations

import queue
import threading
from typing import Any

import serial
import serial.threaded
from _play import play


class Lines(serial.threaded.LineReader):
    """URCs are known by their prefix; all else is the answer of the command in flight."""

    TERMINATOR = b"\r\n"
    ENCODING = "latin-1"

    def __init__(self) -> None:
        super().__init__()
        self.answers: queue.Queue[str] = queue.Queue()
        self.urcs: list[str] = []

    def handle_line(self, line: str) -> None:
        if line.startswith(("+MQTT", "+CEREG")):
            self.urcs.append(line)
        elif line:
            self.answers.put(line)


class Host:
    def __init__(self, port: str, topic: str) -> None:
        self._thread = serial.threaded.ReaderThread(serial.Serial(port, 115200, timeout=1), Lines)
        self._thread.start()
        _, self._lines = self._thread.connect()
        self._lock = threading.Lock()
        self.ask("ATE0")

    def ask(self, command: str) -> list[str]:
        with self._lock:
            self._lines.transport.write(command.encode() + b"\r")
            lines: list[str] = []
            while True:
                line = self._lines.answers.get(timeout=3)
                if line == "OK":
                    return lines
                if line == "ERROR" or line.startswith("+CME ERROR"):
                    raise RuntimeError(line)
                lines.append(line)

    def events(self) -> list[str]:
        return self._lines.urcs

    def messages(self) -> list[dict[str, Any]] | None:
        return None

    def close(self) -> None:
        self._thread.close()


play(Host)
