"""Publishes of 64 bytes into Python, against pyserial's threaded readers and paho-mqtt.

m531x parses every field of each. Of pyserial there are two, which count lines: its threaded AT
example hands lines that begin with ``+`` through a queue to a thread for events, as a program must
that also sends commands; the bare ``LineReader`` below it counts where it splits, and could not
send a command from there. paho-mqtt receives the same publishes as MQTT packets over TCP. Rounds
are interleaved and medians compared. The ratio is our callback's rate by theirs: above 1.00, m531x
is quicker. Other load on the machine moves it a lot: the peer, the terminal in the kernel, the
reader and the interpreter all work at the same time.
"""

from __future__ import annotations

import argparse
import asyncio
import queue
import statistics
import threading
import time
from collections.abc import Callable

import serial
import serial.threaded
from python_paho import Broker, Client
from python_peer import MESSAGE, PAYLOAD, TOPIC, Peer
from python_ratios import HEAD, ratio

import m531x
from m531x import aio

_PATIENCE_S = 60


class Counter:
    """Counts up to a goal."""

    def __init__(self) -> None:
        self.count = 0
        self.wrong = 0
        self._goal = 0
        self._reached = threading.Event()

    def rate(self, pour: Callable[[int], None], goal: int) -> float:
        """How many arrive in a second, of so many that are poured out."""
        self.count, self._goal = 0, goal
        self._reached.clear()
        begun = time.perf_counter()
        pour(goal)
        self._reached.wait(_PATIENCE_S)
        return self.count / (time.perf_counter() - begun)

    def line(self) -> None:
        """One more."""
        self.count += 1
        if self.count == self._goal:
            self._reached.set()

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """One more, all of which is looked at."""
        if topic != TOPIC or payload != PAYLOAD or qos != 0:
            self.wrong += 1
        self.line()


class Callback:
    """A callback of ``m531x.Modem``."""

    def __init__(self) -> None:
        self.counter = Counter()
        self._peer = Peer()
        self._modem = m531x.Modem(self._peer.port, model="M5310-A", overflow="block")
        self._modem.connect("broker.example", client_id="bench")
        self._modem.subscribe("bench/#", callback=self._take)

    def _take(self, message: m531x.Message) -> None:
        self.counter.publish(message.topic, message.payload, message.qos)

    def rate(self, count: int) -> float:
        """Messages per second."""
        return self.counter.rate(self._peer.pour, count)

    def close(self) -> None:
        """Closes the modem."""
        self._modem.close()
        self._peer.close()


class Messages:
    """``for message in modem.messages()``."""

    def __init__(self) -> None:
        self.counter = Counter()
        self._peer = Peer()
        self._modem = m531x.Modem(self._peer.port, model="M5310-A", overflow="block")
        self._modem.connect("broker.example", client_id="bench")
        self._modem.subscribe("bench/#")

    def rate(self, count: int) -> float:
        """Messages per second."""
        self.counter.count = 0
        begun = time.perf_counter()
        self._peer.pour(count)
        for message in self._modem.messages(timeout=_PATIENCE_S):
            self.counter.publish(message.topic, message.payload, message.qos)
            if self.counter.count == count:
                break
        return self.counter.count / (time.perf_counter() - begun)

    def close(self) -> None:
        """Closes the modem."""
        self._modem.close()
        self._peer.close()


class AsyncFor:
    """``async for message in modem.messages()``."""

    def __init__(self) -> None:
        self.counter = Counter()
        self._peer = Peer()
        self._loop = asyncio.new_event_loop()
        self._modem = self._loop.run_until_complete(self._open())

    async def _open(self) -> aio.Modem:
        modem = await aio.Modem(self._peer.port, model="M5310-A", overflow="block")
        await modem.connect("broker.example", client_id="bench")
        await modem.subscribe("bench/#")
        return modem

    async def _read(self, count: int) -> None:
        self.counter.count = 0
        async for message in self._modem.messages(timeout=_PATIENCE_S):
            self.counter.publish(message.topic, message.payload, message.qos)
            if self.counter.count == count:
                return

    def rate(self, count: int) -> float:
        """Messages per second."""
        begun = time.perf_counter()
        self._peer.pour(count)
        self._loop.run_until_complete(self._read(count))
        return self.counter.count / (time.perf_counter() - begun)

    def close(self) -> None:
        """Closes the modem."""
        self._loop.run_until_complete(self._modem.close())
        self._loop.close()
        self._peer.close()


class Pyserial:
    """A thread of pyserial with a protocol that counts lines."""

    def __init__(self, make: Callable[[Counter], serial.threaded.LineReader]) -> None:
        self.counter = Counter()
        self._peer = Peer()
        self._make = make

    def rate(self, count: int) -> float:
        """Lines per second."""
        port = serial.Serial(self._peer.port, timeout=1)
        with serial.threaded.ReaderThread(port, lambda: self._make(self.counter)):
            return self.counter.rate(self._peer.pour, count)

    def close(self) -> None:
        """Ends the peer."""
        self._peer.close()


class Lines(serial.threaded.LineReader):
    """Counts lines where they are split."""

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self._counter = counter

    def handle_line(self, line: str) -> None:  # noqa: ARG002
        """One line."""
        self._counter.line()


class AtLines(serial.threaded.LineReader):
    """Counts the lines that begin with a plus sign on a thread for events."""

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self._counter = counter
        self.responses: queue.Queue[str] = queue.Queue()
        self.events: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._run_events, daemon=True).start()

    def handle_line(self, line: str) -> None:
        """One line."""
        if line.startswith("+"):
            self.events.put(line)
        else:
            self.responses.put(line)

    def _run_events(self) -> None:
        while self.events.get() is not None:
            self._counter.line()


class Paho:
    """A callback of paho-mqtt."""

    def __init__(self) -> None:
        self.counter = Counter()
        self._broker = Broker()
        self._client = Client(self._broker, self.counter.publish)

    def rate(self, count: int) -> float:
        """Messages per second."""
        return self.counter.rate(self._broker.pour, count)

    def close(self) -> None:
        """Disconnects."""
        self._client.close()
        self._broker.close()


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--messages", type=int, default=20_000, help="per round")
    options = parser.parse_args()

    receivers: dict[str, Callback | Messages | AsyncFor | Pyserial | Paho] = {
        "m531x callback": Callback(),
        "m531x messages()": Messages(),
        "m531x async for": AsyncFor(),
        "pyserial AT example": Pyserial(AtLines),
        "pyserial LineReader": Pyserial(Lines),
        "paho-mqtt callback": Paho(),
    }
    rates: dict[str, list[float]] = {name: [] for name in receivers}
    lost = dict.fromkeys(receivers, 0)
    for receiver in receivers.values():
        receiver.rate(1000)
    for _ in range(options.rounds):
        for name, receiver in receivers.items():
            rates[name].append(receiver.rate(options.messages))
            lost[name] += options.messages - receiver.counter.count

    print(
        f"publishes of 64 bytes ({len(MESSAGE)} on the line) into Python over a pseudo-terminal, "
        f"{options.rounds} rounds of {options.messages}"
    )
    print(f"{'':22}{'per second':>12}{HEAD}{'lost':>6}{'wrong':>7}")
    ours = rates["m531x callback"]
    for name, theirs in rates.items():
        print(
            f"{name:22}{statistics.median(theirs):12.0f}{ratio(ours, theirs)}{lost[name]:6}"
            f"{receivers[name].counter.wrong:7}"
        )
    for receiver in receivers.values():
        receiver.close()


if __name__ == "__main__":
    main()
