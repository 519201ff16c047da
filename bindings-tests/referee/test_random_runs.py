"""Random mixes of traits, publishes and faults: the broker's books decide.

``make test`` plays a few seeds, ``make test-referee SEEDS=100 SEED=1`` as many as one likes.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import m531x
from referee_bench import RECOVERY, Bench, MakeBench
from referee_broker import Packet
from referee_module import FakeModule
from referee_traits import random_traits

FIRST = int(os.environ.get("REFEREE_SEED", "1"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("REFEREE_SEEDS", "4")))
THREADS, ROUNDS = 3, 12
FAULTS = ("fin", "silent", "vanish", "freeze", "slow", "lose", "reboot", "refuse", "port", "login")


def up_to(rng: random.Random, most: float) -> Callable[[Packet], float]:
    return lambda _packet: rng.random() * most


def now_and_then(rng: random.Random, part: float) -> Callable[[Packet], bool]:
    return lambda _packet: rng.random() < part


def annoy(module: FakeModule, rng: random.Random, over: threading.Event) -> None:
    """Loses, delays, freezes and cuts until it is over; then all is well."""
    broker = module.broker
    while not over.wait(rng.random() * 0.4):
        fault = rng.choice(FAULTS)
        if fault in ("fin", "silent"):
            module.cut(fault)
        elif fault == "vanish":  # as when a connection breaks under what is on its way
            with module.lock:
                broker.lose = now_and_then(rng, 0.7)
            over.wait(rng.random() * 0.2)
            module.cut(rng.choice(("fin", "silent")))
            with module.lock:
                broker.lose = lambda _packet: False
        elif fault == "freeze":
            broker.freeze()
            over.wait(rng.random() * 1.5)
            broker.thaw()
        elif fault == "slow":
            with module.lock:
                broker.ack_delay = up_to(rng, rng.choice((0.0, 1.0, 8.0)))
        elif fault == "lose":
            with module.lock:
                broker.lose_ack = now_and_then(rng, rng.choice((0.0, 0.1, 0.3)))
        elif fault == "reboot":
            module.reboot()
        elif fault == "refuse":
            with module.lock:
                broker.reach = rng.choice(("refused", "unknown name"))
            module.cut("fin")
            over.wait(rng.random() * 0.3)
            with module.lock:
                broker.reach = "yes"
        elif fault == "login":
            with module.lock:
                broker.refuse_logins = [rng.randrange(1, 6)]
            module.cut("fin")
        else:
            module.hang_up_port()
    with module.lock:
        broker.ack_delay = lambda _packet: 0.0
        broker.lose_ack = lambda _packet: False
        broker.refuse_logins = []


def work(made: Bench, rng: random.Random) -> list[tuple[str, m531x.Delivery | None]]:
    """Publishes a few at a time, waits for some of them, and reads something now and then."""
    unfinished = []
    for _ in range(ROUNDS):
        started = [made.judge.start("mix", rng.choice((0, 1, 1, 2))) for _ in range(3)]
        if rng.random() < 0.5:
            with contextlib.suppress(m531x.M531xError):
                assert made.modem.command("AT+CSQ") == ["+CSQ:20,99"]
        for delivery in started[: rng.randrange(4)]:
            made.judge.wait(*delivery)
        unfinished += started
        threading.Event().wait(rng.random() * 0.3)
    return unfinished


@pytest.mark.parametrize("outbox", [0, 1, 8])
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_reported_that_is_not_so_and_nothing_accepted_is_lost(
    bench: MakeBench, tmp_path: Path, seed: int, outbox: int
) -> None:
    rng = random.Random(seed * 10 + outbox)
    # Chance alone may cut the connection under one publish many times.
    options: dict[str, object] = {"recovery": replace(RECOVERY, loss_budget=1000)}
    if outbox:
        options["outbox"] = m531x.Outbox(tmp_path / "outbox.db", in_flight=outbox)
    made = bench(random_traits(rng), connect=False, **options)
    module, modem, judge = made
    made.connect(keepalive=rng.choice((11, 20, 60)))
    subscription = modem.subscribe("news", qos=1)
    over = threading.Event()
    with ThreadPoolExecutor(THREADS + 1) as pool:
        annoying = pool.submit(annoy, module, rng, over)
        working = [
            pool.submit(work, made, random.Random(seed * 100 + thread)) for thread in range(THREADS)
        ]
        try:
            unfinished = [delivery for future in working for delivery in future.result(40)]
        finally:
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
    assert modem.subscriptions() == ["news"]
    module.wait_for(lambda: module.broker.publish("news", b"good") > 0)
    assert next(subscription.messages(timeout=20)).payload == b"good"
