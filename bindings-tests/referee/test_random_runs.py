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
SEEDS = range(FIRST, FIRST + int(os.environ.get("REFEREE_SEEDS", "3")))
THREADS, ROUNDS = 3, 12
FAULTS = ("fin", "silent", "vanish", "freeze", "slow", "lose", "reboot", "refuse", "port", "login")


def up_to(rng: random.Random, most: float) -> Callable[[Packet], float]:
    return lambda _packet: rng.random() * most


def now_and_then(rng: random.Random, part: float) -> Callable[[Packet], bool]:
    return lambda _packet: rng.random() < part


def annoy(module: FakeModule, rng: random.Random, over: threading.Event) -> None:
    """Loses, delays, freezes and cuts until it is over; then all is well."""
    broker = module.broker
    while not over.wait(rng.random() * 0.8):
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


@pytest.mark.parametrize("in_flight", [0, 1, 8])
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_reported_that_is_not_so_and_nothing_accepted_is_lost(
    bench: MakeBench, tmp_path: Path, seed: int, in_flight: int
) -> None:
    """With an outbox (in_flight 1 and 8) and without."""
    rng = random.Random(seed * 10 + in_flight)
    # Chance alone may cut the connection under one publish many times.
    options: dict[str, object] = {"recovery": replace(RECOVERY, loss_budget=1000)}
    outbox = m531x.Outbox(tmp_path / "outbox.db", in_flight=max(1, in_flight))
    if in_flight:
        options["outbox"] = outbox
    made = bench(random_traits(rng), connect=False, **options)
    module, modem, judge = made
    made.connect(keepalive=rng.choice((11, 20)))
    subscription = modem.subscribe("news", qos=1)
    over = threading.Event()
    ending = threading.Timer(5.0, over.set)
    ending.start()
    with ThreadPoolExecutor(THREADS + 1) as pool:
        annoying = pool.submit(annoy, module, rng, over)
        working = [
            pool.submit(work, made, random.Random(seed * 100 + thread)) for thread in range(THREADS)
        ]
        unfinished = [delivery for future in working for delivery in future.result(50)]
        over.set()
        annoying.result()
    ending.cancel()
    for delivery in unfinished:
        judge.wait(*delivery)
    judge.check()
    assert modem.subscriptions() == ["news"]
    for _ in range(20):
        module.broker.publish("news", b"good")
        if b"good" in [message.payload for message in subscription.messages(timeout=1)]:
            break
    else:
        pytest.fail("the subscription is listed, and its messages do not arrive")
    # What failed again and again while others went through is set aside, and so not lost.
    modem.close()
    kept = {message.payload.decode() for message in outbox.messages()} if in_flight else set()
    lost = {text: repr(error) for text, error in judge.failed.items() if judge.sent[text]}
    assert {text: error for text, error in lost.items() if text not in kept} == {}
