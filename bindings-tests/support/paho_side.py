"""paho-mqtt, or `m531x.paho`, in front of one broker."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Final

import paho.mqtt.client

import m531x

ALL_WAIT: Final = 20.0


class Side:
    """One of the two, in front of the same broker."""

    def __init__(self, module: Any, virtual: m531x.VirtualModem, port: str) -> None:
        self.mqtt = module
        self.real = module is paho.mqtt.client
        self.host, _, number = virtual.broker.rpartition(":")
        self.port = int(number)
        self._serial = port
        self.reboot = virtual.reboot
        self.log: list[str] = []
        self._changed = threading.Condition()

    def client(self, client_id: str = "one", **options: Any) -> Any:
        """A client whose callbacks note what they get."""
        if not self.real:
            options["port"] = self._serial
        version = self.mqtt.CallbackAPIVersion.VERSION2
        client = self.mqtt.Client(version, client_id=client_id, **options)
        client.on_connect = lambda _c, _u, flags, reason, _p: self.note(
            f"connect {reason} {flags.session_present}"
        )
        client.on_disconnect = lambda _c, _u, _f, reason, _p: self.note(f"disconnect {reason}")
        client.on_subscribe = lambda _c, _u, mid, reasons, _p: self.note(
            f"subscribe {mid} {[str(reason) for reason in reasons]}"
        )
        client.on_unsubscribe = lambda _c, _u, mid, reasons, _p: self.note(
            f"unsubscribe {mid} {reasons}"
        )
        client.on_publish = lambda _c, _u, mid, reason, _p: self.note(f"publish {mid} {reason}")
        client.on_message = lambda _c, _u, message: self.note(
            f"message {message.topic} {message.payload!r} {message.qos} {message.retain}"
        )
        return client

    @contextlib.contextmanager
    def connected(self, client: Any) -> Iterator[None]:
        """Connects, with the loop on a thread, and ends both."""
        client.connect(self.host, self.port)
        client.loop_start()
        self.wait("connect Success False")
        try:
            yield
        finally:
            client.disconnect()
            client.loop_stop()

    def note(self, text: str) -> None:
        with self._changed:
            self.log.append(text)
            self._changed.notify_all()

    def wait(self, text: str) -> None:
        """Waits until this was noted."""
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.log, ALL_WAIT), self.log
