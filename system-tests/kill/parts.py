"""What is killed and started again: the sending process, the broker, the virtual modem."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from mosquitto import Mosquitto
from puback_proxy import PubackProxy
from sender import TOPIC

_PATIENCE = 30.0
_SOON = 2.0
# What a subscriber has not acknowledged yet holds nothing up, and nothing is dropped.
_GENERAL = (
    "persistence true\npersistence_location {folder}/\nautosave_on_changes true\n"
    "autosave_interval 1\nmax_inflight_messages 0\nmax_queued_messages 0\nset_tcp_nodelay true"
)


class Ledger:
    """Which numbers were accepted, acknowledged by the broker, and seen by its subscriber."""

    def __init__(self) -> None:
        """Nothing has happened."""
        self.accepted: set[int] = set()
        self.acknowledged: set[int] = set()
        self.arrived: dict[int, int] = {}
        self._changed = threading.Condition()

    def acknowledge(self, payload: bytes) -> bool:
        """The broker acknowledges this; whether its subscriber has it, so that the modem may know.

        mosquitto acknowledges a moment before it saves: what is lost with it then is not lost by
        the modem, which must not have been informed.
        """
        number = int(payload)
        with self._changed:
            if not self._changed.wait_for(lambda: number in self.arrived, _SOON):
                return False
        self.acknowledged.add(number)
        return True

    def arrive(self, payload: bytes) -> None:
        """The subscriber has this."""
        number = int(payload)
        with self._changed:
            self.arrived[number] = self.arrived.get(number, 0) + 1
            self._changed.notify_all()


class Broker:
    """A mosquitto with a subscriber that notes what arrives, and a relay before it."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        """Starts all three."""
        folder.mkdir()
        self._ledger = ledger
        self._mosquitto = Mosquitto(folder, general=_GENERAL.format(folder=folder))
        self._subscribed = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="recorder", clean_session=False
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda *_: self._client.subscribe(TOPIC, qos=1) and None
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _client, _data, message: ledger.arrive(message.payload)
        self._client.connect("127.0.0.1", self._mosquitto.ports[0])
        self._client.loop_start()
        self._await_subscriber()
        self._puback_proxy = PubackProxy(self._mosquitto.ports[0], ledger.acknowledge)
        self.address = f"127.0.0.1:{self._puback_proxy.port}"

    def kill(self) -> None:
        """Kills mosquitto; nobody gets to the next one before its subscriber is there again."""
        self._puback_proxy.shut()
        self._subscribed.clear()
        self._mosquitto.kill()

    def start(self) -> None:
        """Starts it again on the same port."""
        if not self._mosquitto.start():
            raise RuntimeError("mosquitto does not start again")
        self._await_subscriber()
        self._puback_proxy.open()

    def stop(self) -> None:
        """Ends all three."""
        self._client.disconnect()
        self._client.loop_stop()
        self._puback_proxy.close()
        self._mosquitto.stop()

    def _await_subscriber(self) -> None:
        if not self._subscribed.wait(_PATIENCE):
            raise RuntimeError("the recorder cannot subscribe")


class Module:
    """A virtual modem in a process of its own."""

    def __init__(self, link: Path, broker: str, firmware: str) -> None:
        """Starts it."""
        self.link, self._broker, self._firmware = link, broker, firmware
        self.start()

    def start(self) -> None:
        """Starts it, again or for the first time, behind the same link."""
        command = [sys.executable, "-m", "m531x._command", "virtual-modem", "--model", "M5310-A"]
        self._process = subprocess.Popen(
            [
                *command,
                *("--firmware", self._firmware),
                *("--link", self.link),
                *("--broker", self._broker),
            ],
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(b"port:"):
                return
        raise RuntimeError("the virtual modem does not start")

    def kill(self) -> None:
        """Kills it."""
        self._process.kill()
        self._process.wait()
        # The link of a killed process leads to a number that the system gives to the next terminal:
        # that of another test's modem, which would take and acknowledge what is sent here.
        self.link.unlink(missing_ok=True)
        assert self._process.stdout is not None
        self._process.stdout.close()

    stop = kill


class Sender:
    """The process that publishes, with an outbox."""

    def __init__(
        self, link: Path, outbox: Path, in_flight: int, pause: float, ledger: Ledger
    ) -> None:
        """Starts it."""
        self._arguments = [str(link), str(outbox), str(in_flight)]
        self._pause, self._ledger = pause, ledger
        self._next = 0
        self._ready = threading.Event()
        self.empty = threading.Event()
        self.start()

    def start(self) -> None:
        """Starts it, again or for the first time."""
        self._ready.clear()
        code = Path(__file__).with_name("sender.py")
        numbers = [str(self._next), str(self._pause)]
        self._process = subprocess.Popen(
            [sys.executable, code, *self._arguments, *numbers], stdout=subprocess.PIPE
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def kill(self) -> None:
        """Kills it; a message may have been accepted but not reported: its number is not used."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._next += 1

    def drain(self) -> None:
        """Has it send what it has, and end."""
        # Until then the signal would kill it.
        self._ready.wait(_PATIENCE)
        self._process.terminate()
        deadline = time.monotonic() + 2 * _PATIENCE
        while not self.empty.wait(0.1):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the sender does not get its outbox empty")
        self._process.wait(_PATIENCE)

    def stop(self) -> None:
        """Ends it in any case."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                if line == b"ready\n":
                    self._ready.set()
                elif line == b"empty\n":
                    self.empty.set()
                else:
                    number = int(line)
                    self._ledger.accepted.add(number)
                    self._next = number + 1
