"""A host program that is none of ours: raw AT commands."""

from __future__ import annotations

import re
import socket
import time

from referee_module import FakeModule

__all__ = ["CFG", "OPEN", "Host"]

CFG = 'AT+MQTTCFG="broker.example",1883,"meter",60,"","",1'
OPEN = 'AT+MQTTOPEN=0,0,0,0,0,"",""'


class Host:
    """A host program: sends lines, and reads what is printed."""

    def __init__(self, module: FakeModule) -> None:
        """Opens the port."""
        self._socket = socket.create_connection(("127.0.0.1", int(module.port.split(":")[-1])))
        self._text = ""
        self.ask("AT+CMEE=1")

    def close(self) -> None:
        """Closes the port; the module goes on."""
        self._socket.close()

    def ask(self, line: str) -> str:
        """Sends a command; its final result, what else was printed being kept."""
        self._socket.sendall(line.encode() + b"\r")
        return self.read(r"^(OK|ERROR|\+CME ERROR: \d+)\r$")

    def read(self, form: str, timeout: float = 10.0) -> str:
        """Waits for a line of this form and takes it, and all before it."""
        deadline = time.monotonic() + timeout
        while (match := re.search(form, self._text, re.MULTILINE)) is None:
            assert time.monotonic() < deadline, f"no {form!r} in {self._text!r}"
            self._socket.settimeout(0.1)
            try:
                self._text += self._socket.recv(65536).decode()
            except TimeoutError:
                continue
        before = self._text[: match.start()]
        self._text = self._text[match.end() :]
        self.before = before.split("\r\n")
        return match[0].strip()
