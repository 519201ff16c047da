"""How long ``AT`` takes from Python, against pyserial on the same kind of pseudo-terminal.

Rounds are interleaved and medians compared, because single rounds swing widely.
The ratio is pyserial's time by ours: above 1.00, m531x is the quicker one.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import serial
from python_peer import Peer
from python_ratios import HEAD, ratio

import m531x


def _times(call: Callable[[], object], count: int) -> list[float]:
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return times


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--commands", type=int, default=400, help="per round")
    options = parser.parse_args()

    ours, theirs = Peer(), Peer()
    modem = m531x.Modem(ours.port, model="M5310-A")
    port = serial.Serial(theirs.port, timeout=5, exclusive=True)

    def read_fixed() -> None:
        port.write(b"AT\r")
        assert port.read(6) == b"\r\nOK\r\n"

    def read_until() -> None:
        port.write(b"AT\r")
        assert port.read_until(b"OK\r\n") == b"\r\nOK\r\n"

    calls: dict[str, Callable[[], object]] = {
        "m531x command": lambda: modem.command("AT"),
        "pyserial read(6)": read_fixed,
        "pyserial read_until": read_until,
    }
    rounds: dict[str, list[list[float]]] = {name: [] for name in calls}
    for call in calls.values():
        _times(call, 50)
    for _ in range(options.rounds):
        for name, call in calls.items():
            rounds[name].append(sorted(_times(call, options.commands)))

    def quantile(name: str, part: float) -> list[float]:
        return [times[int(len(times) * part)] for times in rounds[name]]

    print(f"AT round trip from Python, {options.rounds} rounds of {options.commands} commands")
    print(f"{'':22}{'p50 us':>9}{'p99 us':>9}{HEAD}")
    mine = quantile("m531x command", 0.5)
    for name in calls:
        middle, late = quantile(name, 0.5), quantile(name, 0.99)
        print(
            f"{name:22}{statistics.median(middle) * 1e6:9.1f}"
            f"{statistics.median(late) * 1e6:9.1f}{ratio(middle, mine)}"
        )
    modem.close()
    port.close()
    ours.close()
    theirs.close()


if __name__ == "__main__":
    main()
