"""Serves a pseudo-terminal by RFC 2217, with pyserial's own PortManager.

rfc2217_server.py DEVICE [PORT] prints the TCP port it listens on, serves one client after the
other, and ends with its standard input. It prints each change of DTR and RTS that a client wants.
"""

from __future__ import annotations

import socket
import sys
import threading

import serial
import serial.rfc2217


class _PseudoTerminal(serial.Serial):
    """It has no modem lines to ask for."""

    cts = dsr = ri = cd = True

    @property
    def dtr(self) -> bool:
        return True

    @dtr.setter
    def dtr(self, on: bool) -> None:
        print(f"dtr {on}", flush=True)

    @property
    def rts(self) -> bool:
        return True

    @rts.setter
    def rts(self, on: bool) -> None:
        print(f"rts {on}", flush=True)


class _Sender:
    """What PortManager writes its answers to."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def write(self, data: bytes) -> None:
        self._client.sendall(data)


def _serve(device: str, client: socket.socket) -> None:
    with _PseudoTerminal(device, timeout=0.05) as line, client:
        manager = serial.rfc2217.PortManager(line, _Sender(client))  # type: ignore[arg-type]
        running = True

        def from_line() -> None:
            while running:
                data = line.read(line.in_waiting or 1)
                if data:
                    try:
                        client.sendall(b"".join(manager.escape(data)))
                    except OSError:
                        return

        reader = threading.Thread(target=from_line)
        reader.start()
        try:
            while data := client.recv(1024):
                line.write(b"".join(manager.filter(data)))
        except OSError:
            pass
        running = False
        reader.join()


def main() -> None:
    """Serve the device until the standard input ends."""
    listener = socket.create_server(("127.0.0.1", int(*sys.argv[2:])))
    print(listener.getsockname()[1], flush=True)

    def serve() -> None:
        while True:
            client, _ = listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _serve(sys.argv[1], client)

    threading.Thread(target=serve, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
