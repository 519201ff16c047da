"""A broker that takes one client after the other, and asks a test about each login."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from urllib.parse import unquote

import m531x

__all__ = ["FakeCloud", "is_valid", "parts", "token_of"]


def parts(token: str) -> dict[str, str]:
    """What a token of OneNET is made of."""
    return {
        name: unquote(value) for name, value in (part.split("=", 1) for part in token.split("&"))
    }


def token_of(packet: bytes) -> str:
    """The token in a CONNECT packet, without its first name."""
    return packet.decode("latin-1").partition("version=")[2]


def is_valid(token: str) -> bool:
    """Whether a token of OneNET has not expired."""
    return int(parts(f"version={token}")["et"]) >= time.time()


class FakeCloud:
    """A broker that takes one client after the other and asks `answer` about each login."""

    def __init__(self, answer: Callable[[str], int]) -> None:
        self.connects: list[bytes] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._clients: list[socket.socket] = []
        self._virtual: list[m531x.VirtualModem] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def modem(self, **options: object) -> m531x.Modem:
        """A modem that connects here, to any host that it is given."""
        return m531x.Modem(self.port(), **options)  # type: ignore[arg-type]

    def port(self) -> str:
        """The port of a virtual modem that connects here, to any host that it is given."""
        virtual = m531x.VirtualModem(broker=f"127.0.0.1:{self._listener.getsockname()[1]}")
        self._virtual.append(virtual)
        return virtual.port

    def renew(self) -> None:
        """Ends a connection once its token has expired, and waits for one with a fresh token."""
        self._wait(lambda: bool(self.connects))
        first = token_of(self.connects[0])
        assert is_valid(first), "the machine was too slow"
        self._wait(lambda: not is_valid(first))
        self.cut()
        self._wait(lambda: is_valid(token_of(self.connects[-1])))

    def _wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 50
        while not condition():
            assert time.monotonic() < deadline, self.connects
            time.sleep(0.01)

    def cut(self) -> None:
        """Ends the connection of every client."""
        for client in self._clients:
            client.close()
        self._clients.clear()

    def __enter__(self) -> FakeCloud:
        return self

    def __exit__(self, *_: object) -> None:
        # A thread in accept() notices this on Linux, and close() on Windows alone.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        self.cut()
        for virtual in self._virtual:
            virtual.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            packet = client.recv(4096)
            self.connects.append(packet)
            code = self._answer(token_of(packet))
            client.sendall(bytes([0x20, 2, 0, code]))
            self._clients.append(client)
            if code:
                client.close()
