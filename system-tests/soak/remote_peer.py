"""The other side of the broker: takes what the modems publish, and floods them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ledger import Direction, write
from mosquitto import Mosquitto

# Each is a lure for a parser that looks for protocol in a payload.
LURES = (
    b"\r\nOK\r\n",
    b"\r\nERROR\r\n",
    b"\r\n+MQTTDISC:OK\r\n",
    b'\r\n+MQTTPUBLISH:0,1,0,9,"a/b",3,abc\r\n',
    b"\x00\xff\x1a,7,",
    b"+MQTTPUBACK:1,1\r\n",
)
# No message may be dropped because a modem is away for long.
_GENERAL = "persistence true\npersistence_location {folder}/\nmax_queued_messages 0"


def up(line: int) -> str:
    """Where a line publishes."""
    return f"soak/up/{line}"


def down(line: int) -> str:
    """Where a line is subscribed."""
    return f"soak/down/{line}"


def filling(choice: random.Random) -> bytes:
    """Some bytes of any kind, lures among them."""
    plain = choice.randbytes(choice.randrange(40))
    return plain + choice.choice(LURES) * choice.randrange(3) + plain[:7]


class RemotePeer:
    """A mosquitto that keeps everything, and a client of it on the computer's side.

    Args:
        folder: Where the broker keeps its files.
        upward: What the lines publish, by line.
        downward: What is sent to the lines, by line.
        rate: Messages a second to each line.
        seed: Makes the payloads repeat.
    """

    def __init__(
        self,
        folder: Path,
        upward: Sequence[Direction],
        downward: Sequence[Direction],
        rate: float,
        seed: int,
    ) -> None:
        """Starts the broker and takes what comes; nothing is sent before `flood`."""
        self.mosquitto = Mosquitto(folder, general=_GENERAL.format(folder=folder))
        self.restarts = 0
        self._upward, self._downward = upward, downward
        self._rate, self._choice = rate, random.Random(seed)
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="remote-peer", clean_session=False
        )
        self._client.max_inflight_messages_set(1000)
        self._client.reconnect_delay_set(1, 1)
        self._subscribed = threading.Event()
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", self.mosquitto.ports[0])
        self._client.loop_start()
        if not self._subscribed.wait(10):
            raise RuntimeError("the broker does not grant the subscription")

    def _subscribe(self, *_connection: object) -> None:
        self._client.subscribe("soak/up/#", qos=1)

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self._upward[int(message.topic.rsplit("/", 1)[1])].arrive(bytes(message.payload))

    def flood(self, stop: threading.Event) -> None:
        """Sends to every line until told to stop."""
        pause = 0.1
        while not stop.wait(pause):
            for line, direction in enumerate(self._downward):
                for _ in range(max(1, round(self._rate * pause))):
                    number = direction.next_number()
                    self._client.publish(down(line), write(number, filling(self._choice)), qos=1)

    def restart_broker(self, away: float) -> None:
        """Takes the broker away for some seconds; it keeps its sessions."""
        self.mosquitto.stop()
        time.sleep(away)
        if not self.mosquitto.start():
            raise RuntimeError("mosquitto does not come back")
        self.restarts += 1

    def close(self) -> None:
        """Ends the client and the broker."""
        self._client.disconnect()
        self._client.loop_stop()
        del self._client
        self.mosquitto.stop()
