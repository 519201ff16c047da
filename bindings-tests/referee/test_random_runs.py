"""Random mixes of traits, publishes and cuts: the broker's books decide.

``make test`` plays a few seeds, ``make test-referee SEEDS=100 SEED=1`` as many as one likes.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import m531x
from referee_bench import RECOVERY, MakeBench
from referee_broker import Packet
from referee_module import FakeModule
from referee_traits import random_traits

FIRST = int(os.environ.get("REFEREE_SEED", "1"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("REFEREE_SEEDS", "6")))


def up_to(rng: random.Random, most: float) -> Callable[[Packet], float]:
    return lambda _packet: rng.random() * most


def now_and_then(rng: random.Random, part: float) -> Callable[[Packet], bool]:
    return lambda _packet: rng.random() < part


def annoy(module: FakeModule, rng: random.Random, over: threading.Event) -> None:
    """Loses, delays, freezes and cuts until it is over; then all is well."""
    broker = module.broker
    while not over.wait(rng.random() * 0.6):
        event = rng.choice(("fin", "silent", "freeze", "slow", "lose", "reboot", "refuse", "port"))
        if event in ("fin", "silent"):
            module.cut(event)
        elif event == "freeze":
            broker.freeze()
            over.wait(rng.random() * 1.5)
            broker.thaw()
        elif event == "slow":
            with module.lock:
                broker.ack_delay = up_to(rng, rng.choice((0.0, 1.0, 8.0)))
        elif event == "lose":
            with module.lock:
                broker.lose_ack = now_and_then(rng, rng.choice((0.0, 0.1, 0.3)))
        elif event == "reboot":
            module.reboot()
        elif event == "refuse":
            with module.lock:
                broker.reach = rng.choice(("refused", "unknown name"))
            over.wait(rng.random() * 0.3)
            with module.lock:
                broker.reach = "yes"
        else:
            module.hang_up_port()
    with module.lock:
        broker.reach = "yes"
        broker.ack_delay = lambda _packet: 0.0
        broker.lose_ack = lambda _packet: False


@pytest.mark.parametrize("outbox", [0, 1, 8])
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_reported_that_is_not_so_and_nothing_accepted_is_lost(
    bench: MakeBench, tmp_path: Path, seed: int, outbox: int
) -> None:
    rng = random.Random(seed * 10 + outbox)
    traits = random_traits(rng)
    # Chance alone may cut the connection under one publish many times.
    options: dict[str, object] = {"recovery": replace(RECOVERY, loss_budget=1000)}
    if outbox:
        options["outbox"] = m531x.Outbox(tmp_path / "outbox.db", in_flight=outbox)
    made = bench(traits, connect=False, **options)
    module, modem, judge = made
    made.connect(keepalive=rng.choice((11, 20, 60)))
    over = threading.Event()
    qos = [rng.choice((0, 1, 1, 2)) for _ in range(90)]

    def work(thread: int) -> None:
        mine = random.Random(seed * 100 + thread)
        for begin in range(thread * 30, thread * 30 + 30, 3):
            started = [judge.start("mix", qos[begin + n]) for n in range(3)]
            for delivery in started[: mine.randrange(4)]:
                judge.wait(*delivery)
            unfinished.extend(started)

    unfinished: list[tuple[str, m531x.Delivery | None]] = []
    with ThreadPoolExecutor(4) as pool:
        annoying = pool.submit(annoy, module, random.Random(seed), over)
        working = [pool.submit(work, thread) for thread in range(3)]
        threading.Timer(4.0, over.set).start()
        for future in working:
            future.result()
        over.set()
        annoying.result()
    for delivery in unfinished:
        judge.wait(*delivery)
    judge.check()
    lost = {text: repr(error) for text, error in judge.failed.items() if judge.sent[text]}
    assert lost == {}
    if outbox:
        stats = modem.stats().outbox
        assert stats is not None
        assert (stats.messages, stats.set_aside) == (0, 0)
