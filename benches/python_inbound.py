"""Publishes of 64 bytes into a Python callback, against pyserial's threaded readers.

m531x parses every field of each. Of pyserial there are two, which count lines: its threaded AT
example hands lines that begin with ``+`` through a queue to a thread for events, as a program must
that also sends commands; the bare ``LineReader`` below it counts where it splits, and could not
send a command from there. Rounds are interleaved and medians compared. The ratio is our rate by
theirs: above 1.00, m531x is quicker. Other load on the machine moves it a lot: the peer, the
terminal in the kernel, the reader and the interpreter all work at the same time.
"""

from __future__ import annotations

import argparse
import queue
import statistics
import threading
import time

import serial
import serial.threaded
from python_peer import MESSAGE, PAYLOAD, TOPIC, Peer

import m531x


class _Counter:
    """Counts up to a goal."""

    def __init__(self) -> None:
        self.count = 0
        self.wrong = 0
        self.goal = 0
        self.reached = threading.Event()

    def expect(self, goal: int) -> None:
        self.count, self.goal = 0, goal
        self.reached.clear()


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--messages", type=int, default=20_000, help="per round")
    options = parser.parse_args()

    mine, theirs = _Counter(), _Counter()
    our_peer, their_peer = Peer(), Peer()

    modem = m531x.Modem(our_peer.port, model="M5310-A")
    modem.connect("broker.example", client_id="bench")

    def callback(message: m531x.Message) -> None:
        if message.topic != TOPIC or message.payload != PAYLOAD or message.qos != 0:
            mine.wrong += 1
        mine.count += 1
        if mine.count == mine.goal:
            mine.reached.set()

    modem.subscribe("bench/#", callback=callback)

    def count_line() -> None:
        theirs.count += 1
        if theirs.count == theirs.goal:
            theirs.reached.set()

    class Lines(serial.threaded.LineReader):
        """Counts lines where they are split."""

        def handle_line(self, line: str) -> None:  # noqa: ARG002
            count_line()

    class AtLines(serial.threaded.LineReader):
        """Counts the lines that begin with a plus sign on a thread for events."""

        def __init__(self) -> None:
            super().__init__()
            self.responses: queue.Queue[str] = queue.Queue()
            self.events: queue.Queue[str | None] = queue.Queue()
            threading.Thread(target=self.run_events, daemon=True).start()

        def handle_line(self, line: str) -> None:
            if line.startswith("+"):
                self.events.put(line)
            else:
                self.responses.put(line)

        def run_events(self) -> None:
            while self.events.get() is not None:
                count_line()

    def rate(peer: Peer, counter: _Counter, count: int) -> float:
        counter.expect(count)
        begun = time.perf_counter()
        peer.pour(count)
        counter.reached.wait(60)
        return counter.count / (time.perf_counter() - begun)

    def theirs_with(protocol: type[serial.threaded.LineReader], count: int) -> float:
        with serial.threaded.ReaderThread(serial.Serial(their_peer.port, timeout=1), protocol):
            return rate(their_peer, theirs, count)

    readers = {"pyserial AT example": AtLines, "pyserial LineReader": Lines}
    rate(our_peer, mine, 1000)
    ours: list[float] = []
    others: dict[str, list[float]] = {name: [] for name in readers}
    lost = 0
    for _ in range(options.rounds):
        ours.append(rate(our_peer, mine, options.messages))
        lost += options.messages - mine.count
        for name, protocol in readers.items():
            others[name].append(theirs_with(protocol, options.messages))

    print(
        f"publishes of 64 bytes ({len(MESSAGE)} on the line) into Python over a pseudo-terminal, "
        f"{options.rounds} rounds of {options.messages}"
    )
    print(f"{'':22}{'per second':>12}{'ratio':>8}{'lost':>6}{'wrong':>7}")
    print(f"{'m531x callback':22}{statistics.median(ours):12.0f}{1:8.2f}{lost:6}{mine.wrong:7}")
    for name, rates in others.items():
        ratio = statistics.median(own / other for own, other in zip(ours, rates, strict=True))
        print(f"{name:22}{statistics.median(rates):12.0f}{ratio:8.2f}")
    modem.close()
    our_peer.close()
    their_peer.close()


if __name__ == "__main__":
    main()
