"""Kills sender, broker and virtual modem at random moments and counts what was lost.

kill.py [--count 200] [--seed N] [--firmware vendor] [--in-flight 8]: a process with an outbox
publishes numbers of QoS 1 and 2, and noise of QoS 0 between them, through a virtual modem to
mosquitto, a subscriber notes them. ``kill -9`` hits one of the three again and
again. In the end every number that was accepted must have arrived.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parts import Broker, Ledger, Module, Sender


class _Victim(Protocol):
    def kill(self) -> None: ...
    def start(self) -> None: ...


@dataclass(frozen=True)
class Result:
    """What came of a run."""

    kills: dict[str, int]
    seconds: float
    accepted: int
    unacknowledged: set[int]
    """Accepted and never acknowledged by a broker: lost by m531x."""
    unseen: set[int]
    """Accepted and never seen by the subscriber."""
    copies: int
    """Arrivals beyond the first one of each number."""

    def __str__(self) -> str:
        """A small table."""
        rows = [
            *((f"kill -9 of the {name}", str(count)) for name, count in self.kills.items()),
            ("seconds", f"{self.seconds:.0f}"),
            ("publishes accepted", str(self.accepted)),
            ("lost: not acknowledged by the broker", str(len(self.unacknowledged))),
            ("lost: not seen by the broker's subscriber", str(len(self.unseen))),
            ("arrived once more", str(self.copies)),
        ]
        return "\n".join(f"{name:<44}{value:>8}" for name, value in rows)


def run(count: int, seed: int, folder: Path, *, firmware: str, in_flight: int) -> Result:
    """Kills so many times, in turn chosen by the seed."""
    choice = random.Random(seed)
    ledger = Ledger()
    with contextlib.ExitStack() as ends:
        broker = Broker(folder / "broker", ledger)
        ends.callback(broker.stop)
        module = Module(folder / "modem", broker.address, firmware)
        ends.callback(module.stop)
        sender = Sender(module.link, folder / "outbox.db", in_flight, 0.005, ledger)
        ends.callback(sender.stop)
        victims: dict[str, _Victim] = {"sender": sender, "broker": broker, "virtual modem": module}
        # Each as often as the others, in an order of chance.
        order = [list(victims)[number % len(victims)] for number in range(count)]
        choice.shuffle(order)
        began = time.monotonic()
        for name in order:
            time.sleep(choice.uniform(0.05, 1.5))
            victims[name].kill()
            time.sleep(choice.uniform(0.0, 0.5))
            victims[name].start()
        sender.drain()
        seconds = time.monotonic() - began
        _await_last(ledger)
    return Result(
        kills=dict(collections.Counter(order)),
        seconds=seconds,
        accepted=len(ledger.accepted),
        unacknowledged=ledger.accepted - ledger.acknowledged,
        unseen=ledger.accepted - ledger.arrived.keys(),
        copies=sum(ledger.arrived.values()) - len(ledger.arrived),
    )


def _await_last(ledger: Ledger) -> None:
    """What the broker has acknowledged may still be on its way to the subscriber."""
    deadline = time.monotonic() + 5
    while ledger.accepted - ledger.arrived.keys() and time.monotonic() < deadline:
        time.sleep(0.02)


def main() -> int:
    """Runs it and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many kills (200)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="of the moments")
    parser.add_argument("--firmware", default="vendor", help="of the virtual modem (%(default)s)")
    parser.add_argument(
        "--in-flight", type=int, default=8, help="publishes on their way at once (%(default)s)"
    )
    arguments = parser.parse_args()
    print(
        f"kill: {arguments.count} times, seed {arguments.seed}, firmware {arguments.firmware}, "
        f"{arguments.in_flight} in flight",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        result = run(
            arguments.count,
            arguments.seed,
            Path(folder),
            firmware=arguments.firmware,
            in_flight=arguments.in_flight,
        )
    print(result)
    return 1 if result.unacknowledged or result.unseen else 0


if __name__ == "__main__":
    sys.exit(main())
