"""The module's side for the Python benches: answers OK to everything, and pours out messages.

It runs in a process of its own so that it does not share an interpreter with what is measured.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tty

TOPIC = "bench/room/1"
PAYLOAD = b"0123456789abcdef" * 4
MESSAGE = b"+MQTTPUBLISH:0,0,0,0,%s,%d,%s\r\n" % (TOPIC.encode(), len(PAYLOAD), PAYLOAD)


class Peer:
    """A pseudo-terminal with a module behind it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = self._process.stdout.readline().strip()

    def pour(self, count: int) -> None:
        """Has it send so many messages."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _answer(line: bytes) -> bytes:
    ok = b"\r\nOK\r\n"
    if line.startswith(b"AT+MQTTOPEN"):
        return ok + b"+MQTTOPEN:OK\r\n"
    if line.startswith(b"AT+MQTTSUB="):
        return ok + b"+MQTTSUBACK:1,0,%s\r\n" % line.split(b'"')[1]
    if line.startswith(b"AT+MQTTSTAT?"):
        return b"\r\n+MQTTSTAT:0\r\n" + ok
    return ok


def _write_all(master: int, data: bytes | memoryview) -> None:
    data = memoryview(data)
    while data:
        data = data[os.write(master, data[:4096]) :]


def _serve() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    print(os.ttyname(slave), flush=True)
    line = b""
    while True:
        ready, _, _ = select.select([master, sys.stdin], [], [])
        if master in ready:
            line += os.read(master, 4096)
            while b"\r" in line:
                command, line = line.split(b"\r", 1)
                _write_all(master, _answer(command.strip()))
        if sys.stdin in ready:
            request = sys.stdin.readline()
            if not request:
                return
            _write_all(master, MESSAGE * int(request))


if __name__ == "__main__":
    _serve()
