"""What asyncio costs: ``AT`` awaited, against the call that waits.

The awaited command is compared with the call that waits, and with that call in a thread of the
loop's executor, which is how a modem without asyncio of its own would be used. Rounds are
interleaved and medians compared. The ratio is their time by ours: above 1.00, ours is quicker.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

from python_peer import Peer
from python_ratios import HEAD, ratio

import m531x
from m531x import aio


async def _measure(modem: aio.Modem, plain: m531x.Modem, rounds: int, commands: int) -> None:
    async def awaited() -> None:
        await modem.command("AT")

    async def called() -> None:
        plain.command("AT")

    async def in_a_thread() -> None:
        await asyncio.to_thread(plain.command, "AT")

    calls = {"await command": awaited, "command": called, "command in a thread": in_a_thread}
    medians: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times = []
            for _ in range(commands):
                begun = time.perf_counter()
                await call()
                times.append(time.perf_counter() - begun)
            medians[name].append(statistics.median(times))
    print(f"AT round trip in an event loop, {rounds} rounds of {commands} commands")
    print(f"{'':22}{'p50 us':>9}{HEAD}")
    ours = medians["await command"]
    for name, values in medians.items():
        print(f"{name:22}{statistics.median(values) * 1e6:9.1f}{ratio(values, ours)}")


async def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--commands", type=int, default=400, help="per round")
    options = parser.parse_args()
    peers = (Peer(), Peer())
    async with aio.Modem(peers[0].port, model="M5310-A") as modem:
        with m531x.Modem(peers[1].port, model="M5310-A") as plain:
            await _measure(modem, plain, options.rounds, options.commands)
    for peer in peers:
        peer.close()


if __name__ == "__main__":
    asyncio.run(main())
