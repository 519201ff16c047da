"""The module's side: answers commands on a pseudo-terminal, and prints what it is told to."""

from __future__ import annotations

import os
import pty
import threading
import tty

OK = b"\r\nOK\r\n"


class Module:
    """A module that accepts every command; `signal` is what ``AT+CSQ`` reads."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self.signal = b"20,99"
        self.asked = threading.Event()
        """Set when ``AT+CSQ`` came and `held` kept its answer back."""
        self.held = False
        self.attack = b""
        """Printed once, in one piece with the next answer to ``AT+CSQ``."""
        self.urcs: list[str] = []
        """What it printed unasked."""
        self._echo = False
        self._connected = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def say(self, data: bytes) -> None:
        """Prints bytes, in one piece."""
        while data:
            data = data[os.write(self._master, data) :]

    def say_unasked(self, line: str) -> None:
        """Prints a URC."""
        self.urcs.append(line)
        self.say(b"\r\n" + line.encode() + b"\r\n")

    def answer(self) -> bytes:
        """The genuine answer to ``AT+CSQ``, and from now on it answers by itself."""
        self.held = False
        return b"\r\n+CSQ: %s\r\n" % self.signal + OK

    def close(self) -> None:
        """Hangs up."""
        os.close(self._slave)
        self._thread.join(5)
        os.close(self._master)

    def _serve(self) -> None:
        line = b""
        while True:
            try:
                line += os.read(self._master, 4096)
            except OSError:
                return
            while b"\r" in line:
                command, line = line.split(b"\r", 1)
                command = command.strip(b"\n")
                if self._echo:
                    self.say(command + b"\r")
                self._obey(command.strip())

    def _obey(self, command: bytes) -> None:
        name = command.upper()
        if name == b"AT+CSQ" and self.held:
            self.asked.set()
        elif name == b"AT+CSQ":
            attack, self.attack = self.attack, b""
            self.say(attack + self.answer())
        elif name.startswith(b"ATE"):
            self._echo = name != b"ATE0"
            self.say(OK)
        elif name.startswith(b"AT+MQTTOPEN"):
            self._connected = True
            self.say(OK)
            self.say_unasked("+MQTTOPEN:OK")
        elif name.startswith(b"AT+MQTTSUB="):
            self.say(OK)
            self.say_unasked("+MQTTSUBACK:1,0," + command.split(b'"')[1].decode())
        else:
            self.say(self._reading(name))

    def _reading(self, name: bytes) -> bytes:
        readings = {
            b"AT+MQTTSTAT?": b"\r\n+MQTTSTAT:%d\r\n" % (5 if self._connected else 0),
            b"AT+CFUN?": b"\r\n+CFUN: 1\r\n",
            b"AT+CPIN?": b"\r\n+CPIN: READY\r\n",
            b"AT+CMEE?": b"\r\n+CMEE: 1\r\n",
            b"AT+CGMM": b"\r\nM5310-A\r\n",
            b"AT+CGMI": b"\r\nCMCC\r\n",
            b"AT+CSCA?": b'\r\n+CSCA: "+8613800100500",145\r\n',
        }
        if name in readings:
            return readings[name] + OK
        unknown = name == b"AT+CLAC" or (name.endswith(b"?") and b"MQTT" not in name)
        return b"\r\n+CME ERROR: 4\r\n" if unknown else OK
