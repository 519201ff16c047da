"""What asyncio costs: ``AT`` awaited, and publishes of 64 bytes into ``async for``.

Rounds are interleaved and medians compared. The awaited command is compared with the call that
waits, and with that call in a thread of the loop's executor, which is how a modem without asyncio
of its own would be used. The rate is compared with the callback of the plain modem.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import threading
import time

from python_peer import PAYLOAD, TOPIC, Peer

import m531x
from m531x import aio


async def _round_trips(modem: aio.Modem, plain: m531x.Modem, rounds: int, commands: int) -> None:
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
    print(f"AT round trip, {rounds} rounds of {commands} commands")
    for name, values in medians.items():
        print(f"{name:28}{statistics.median(values) * 1e6:9.1f} us")


async def _rates(
    modem: aio.Modem, plain: m531x.Modem, peers: tuple[Peer, Peer], rounds: int, count: int
) -> None:
    await modem.subscribe("bench/#")
    reached = threading.Event()
    called = 0

    def callback(message: m531x.Message) -> None:
        nonlocal called
        assert message.topic == TOPIC
        called += 1
        if called == count:
            reached.set()

    plain.subscribe("bench/#", callback=callback)
    messages = modem.messages(timeout=30)

    async def read() -> float:
        begun = time.perf_counter()
        peers[0].pour(count)
        left = count
        async for message in messages:
            assert message.payload == PAYLOAD
            left -= 1
            if not left:
                break
        return (count - left) / (time.perf_counter() - begun)

    def call_back() -> float:
        nonlocal called
        called = 0
        reached.clear()
        begun = time.perf_counter()
        peers[1].pour(count)
        reached.wait(30)
        return called / (time.perf_counter() - begun)

    pairs = [(await read(), call_back()) for _ in range(rounds)]
    print(f"publishes per second, {rounds} rounds of {count}")
    print(f"{'async for':28}{statistics.median(pair[0] for pair in pairs):9.0f}")
    print(f"{'callback':28}{statistics.median(pair[1] for pair in pairs):9.0f}")


async def main() -> None:
    """Measures and prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--commands", type=int, default=400, help="per round")
    parser.add_argument("--messages", type=int, default=20_000, help="per round")
    options = parser.parse_args()
    peers = (Peer(), Peer())
    async with aio.Modem(peers[0].port, model="M5310-A") as modem:
        with m531x.Modem(peers[1].port, model="M5310-A") as plain:
            await modem.connect("broker.example", client_id="bench")
            plain.connect("broker.example", client_id="bench")
            await _round_trips(modem, plain, options.rounds, options.commands)
            await _rates(modem, plain, peers, options.rounds, options.messages)
    for peer in peers:
        peer.close()


if __name__ == "__main__":
    asyncio.run(main())
