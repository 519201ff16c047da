"""Publishes of 64 bytes into a Python callback, against pyserial's threaded line reader.

m531x parses every field of each; pyserial's ``LineReader`` only splits and counts lines. Rounds are
interleaved and medians compared. The ratio is our rate by pyserial's: above 1.00, m531x is quicker.
"""

from __future__ import annotations

import argparse
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

    class Lines(serial.threaded.LineReader):
        """Counts lines."""

        def handle_line(self, line: str) -> None:  # noqa: ARG002
            theirs.count += 1
            if theirs.count == theirs.goal:
                theirs.reached.set()

    port = serial.Serial(their_peer.port, timeout=1)
    reader = serial.threaded.ReaderThread(port, Lines)
    reader.start()
    reader.connect()

    def rate(peer: Peer, counter: _Counter, count: int) -> float:
        counter.expect(count)
        begun = time.perf_counter()
        peer.pour(count)
        counter.reached.wait(60)
        return counter.count / (time.perf_counter() - begun)

    rate(our_peer, mine, 1000)
    rate(their_peer, theirs, 1000)
    rates: list[tuple[float, float]] = []
    lost = 0
    for _ in range(options.rounds):
        rates.append(
            (rate(our_peer, mine, options.messages), rate(their_peer, theirs, options.messages))
        )
        lost += options.messages - mine.count

    ours = statistics.median(own for own, _ in rates)
    other = statistics.median(other for _, other in rates)
    ratio = statistics.median(own / other for own, other in rates)
    print(
        f"publishes of 64 bytes ({len(MESSAGE)} on the line) into Python over a pseudo-terminal, "
        f"{options.rounds} rounds of {options.messages}"
    )
    print(f"{'':28}{'per second':>12}{'ratio':>8}{'lost':>6}{'wrong':>7}")
    print(f"{'m531x callback':28}{ours:12.0f}{ratio:8.2f}{lost:6}{mine.wrong:7}")
    print(f"{'pyserial LineReader':28}{other:12.0f}{1:8.2f}")
    reader.close()
    modem.close()
    our_peer.close()
    their_peer.close()


if __name__ == "__main__":
    main()
