"""A relay in front of the broker that notes which publishes the broker has acknowledged."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator

_PUBLISH = 3
_DONE = (4, 7)
"""PUBACK and PUBCOMP."""


class Packets:
    """The control packets in a stream of bytes (MQTT 3.1.1 section 2.2)."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._bytes = bytearray()

    def take(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Type, flags and body of every packet that is complete now."""
        self._bytes += data
        while True:
            length, shift, at = 0, 0, 1
            while True:
                if at >= len(self._bytes):
                    return
                digit = self._bytes[at]
                length |= (digit & 0x7F) << shift
                shift, at = shift + 7, at + 1
                if digit < 0x80:
                    break
            if len(self._bytes) < at + length:
                return
            first, body = self._bytes[0], bytes(self._bytes[at : at + length])
            del self._bytes[: at + length]
            yield first >> 4, first & 0x0F, body


class PubackProxy:
    """Relays connections to the broker.

    Args:
        broker: The broker's port on the loopback interface.
        acknowledged: Called with the payload of each publish whose PUBACK or PUBCOMP is to pass;
            the connection ends instead if it returns false.
    """

    def __init__(self, broker: int, acknowledged: Callable[[bytes], bool]) -> None:
        """Listens on a free port, and lets everybody through."""
        self._broker = broker
        self._acknowledged = acknowledged
        self._open = threading.Event()
        self._open.set()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, name="puback_proxy", daemon=True)
        self._thread.start()

    def shut(self) -> None:
        """Lets nobody new through."""
        self._open.clear()

    def open(self) -> None:
        """Lets everybody through again."""
        self._open.set()

    def close(self) -> None:
        """Ends it; connections end with their sides."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), name="relay", daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if not self._open.is_set():
                return
            with socket.create_connection(("127.0.0.1", self._broker)) as broker:
                for end in (client, broker):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._carry(client, broker)

    def _carry(self, client: socket.socket, broker: socket.socket) -> None:
        sides = {client: (broker, Packets()), broker: (client, Packets())}
        payloads: dict[bytes, bytes] = {}
        while True:
            ready, _, _ = select.select(list(sides), [], [])
            for side in ready:
                data = side.recv(65536)
                if not data:
                    return
                other, packets = sides[side]
                for kind, flags, body in packets.take(data):
                    if kind == _PUBLISH and side is client and flags & 0x06:
                        end = 2 + int.from_bytes(body[:2], "big")
                        payloads[body[end : end + 2]] = body[end + 2 :]
                    elif kind in _DONE and side is broker:
                        payload = payloads.pop(body[:2], None)
                        if payload is not None and not self._acknowledged(payload):
                            return
                other.sendall(data)
