"""Opens, uses and closes many modems, and prints what is left: leaves_nothing.py sync|aio ROUNDS.

A process of its own, so that what other tests hold is not counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
import time
from pathlib import Path

import m531x
import m531x.aio

WARM_UP = 100


def held() -> tuple[int, int]:
    """Threads and descriptors of this process."""
    threads, descriptors = (
        sum(1 for _ in Path(folder).iterdir()) for folder in ("/proc/self/task", "/proc/self/fd")
    )
    return threads, descriptors


def resident() -> int:
    """What this process has in memory, in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def use_everything() -> None:
    """Leaves subscriptions, callbacks, messages and deliveries behind."""
    with m531x.Modem("virtual://") as modem:
        modem.connect("broker.example", client_id="leaves", password="secret", username="u")
        modem.subscribe("a/#", 1)
        modem.subscribe("b/#", 1, lambda _message: None)
        modem.on_event = lambda _event: None
        modem.publish("a/unread", b"1", 1)
        modem.publish_nowait("b/x", b"2", 1).add_done_callback(lambda _delivery: None)
        modem.publish_nowait("b/y", b"3", 2)


def fail() -> None:
    """Errors of every sort, and modems that nobody closes."""
    with contextlib.suppress(m531x.PortError):
        m531x.Modem("/dev/no-such-port")
    with contextlib.suppress(m531x.PortError):
        m531x.Modem("tcp://127.0.0.1:1")
    modem = m531x.Modem("virtual://")
    with contextlib.suppress(m531x.CommandError):
        modem.command("AT+NOSUCH")
    with contextlib.suppress(m531x.NotConnectedError):
        modem.publish("t", b"x", 1)
    with contextlib.suppress(m531x.InvalidArgumentError):
        modem.subscribe("a/#/b")
    modem.close()


def lose_the_port() -> None:
    """A virtual modem on a pseudo-terminal that goes before the modem."""
    virtual = m531x.VirtualModem()
    modem = m531x.Modem(virtual.port)
    virtual.close()
    modem.close()


def once(number: int) -> None:
    """One of many modems, in four manners."""
    if number % 10 == 1:
        use_everything()
    elif number % 10 == 2:
        fail()
    elif number % 10 == 3:
        lose_the_port()
    else:
        m531x.Modem("virtual://").close()


async def use_everything_async() -> None:
    """As use_everything, with tasks that are given up."""
    async with m531x.aio.Modem("virtual://") as modem:
        await modem.connect("broker.example", client_id="leaves")
        await modem.subscribe("a/#", 1)
        await modem.publish("a/unread", b"1", 1)
        waiting = asyncio.ensure_future(modem.command("AT+CSQ"))
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        with contextlib.suppress(m531x.CommandError):
            await modem.command("AT+NOSUCH")


async def once_async(number: int) -> None:
    """One of many modems, in three manners."""
    if number % 10 == 1:
        await use_everything_async()
    elif number % 10 == 2:
        with contextlib.suppress(m531x.PortError):
            await m531x.aio.Modem("/dev/no-such-port").open()
    else:
        modem = m531x.aio.Modem("virtual://")
        await modem.open()
        await modem.close()


def comes_back(before: tuple[int, int]) -> tuple[int, int]:
    """What is held once the threads that end a moment after a close have ended."""
    deadline = time.monotonic() + 20
    while held() != before and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    return held()


def run_sync(rounds: int) -> dict[str, object]:
    """Many modems of `m531x`."""
    before, memory = held(), 0
    for number in range(rounds):
        if number == WARM_UP:
            memory = resident()
        once(number)
    return report(before, memory, rounds)


async def run_async(rounds: int) -> dict[str, object]:
    """Many modems of `m531x.aio`, on one loop."""
    before, memory = held(), 0
    for number in range(rounds):
        if number == WARM_UP:
            memory = resident()
        await once_async(number)
    return report(before, memory, rounds)


def report(before: tuple[int, int], memory: int, rounds: int) -> dict[str, object]:
    """Threads and descriptors before and after, and the bytes more for each modem."""
    after = comes_back(before)
    growth = (resident() - memory) // (rounds - WARM_UP)
    return {"before": before, "after": after, "growth": growth}


def main() -> None:
    """Runs one of the two, and prints its report."""
    rounds = int(sys.argv[2])
    report = run_sync(rounds) if sys.argv[1] == "sync" else asyncio.run(run_async(rounds))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
