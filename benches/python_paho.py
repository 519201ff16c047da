"""paho-mqtt's own rate: a broker's side that pours publishes out, and a client that counts them.

The other side runs in a process of its own and sends publishes that were made beforehand, over TCP
on the loopback interface: it costs paho-mqtt less than a real broker would.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from python_peer import PAYLOAD, TOPIC

_CONNACK = b"\x20\x02\x00\x00"
_SUBACK = b"\x90\x03\x00\x01\x00"
_PINGRESP = b"\xd0\x00"


class Broker:
    """As much of a broker as one client needs that subscribes once."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def pour(self, count: int) -> None:
        """Has it send so many publishes."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Client:
    """paho-mqtt with its own thread, as ``loop_start()`` runs it."""

    def __init__(self, broker: Broker, count: Callable[[str, bytes, int], None]) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda _client, _data, message: count(
            message.topic, message.payload, message.qos
        )
        self._client.connect("127.0.0.1", broker.port)
        self._client.subscribe("bench/#")
        self._client.loop_start()

    def close(self) -> None:
        """Ends its thread."""
        self._client.disconnect()
        self._client.loop_stop()


def _publish() -> bytes:
    body = len(TOPIC).to_bytes(2, "big") + TOPIC.encode() + PAYLOAD
    assert len(body) < 128  # the length is one byte then
    return bytes([0x30, len(body)]) + body


def _serve() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answers = {0x10: _CONNACK, 0x80: _SUBACK, 0xC0: _PINGRESP}
    received, subscribed = b"", False
    while not subscribed:
        received += connection.recv(4096)
        # All that comes is short: the length of a packet is one byte.
        while len(received) >= 2 and len(received) >= 2 + received[1]:
            kind, received = received[0] & 0xF0, received[2 + received[1] :]
            connection.sendall(answers[kind])
            subscribed = subscribed or kind == 0x80
    for line in sys.stdin:
        connection.sendall(_publish() * int(line))
    connection.close()


if __name__ == "__main__":
    _serve()
