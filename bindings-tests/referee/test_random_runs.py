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
SEEDS = range(FIRST, FIRST + int(os.environ.get("REFEREE_SEEDS", "2")))
THREADS, ROUNDS = 3, 12
# A publish whose acknowledgement chance has lost is sent three times, 10 s apart, before the
# connection is made again; which one that is depends on the time, not only on the seed.
PATIENCE_S = 150
FAULTS = ("fin", "silent", "vanish", "freeze", "slow", "lose", "reboot", "refuse", "port", "login")


def up_to(rng: random.Random, most: float) -> Callable[[Packet], float]:
    return lambda _packet: rng.random() * most


def now_and_then(rng: random.Random, part: float) -> Callable[[Packet], bool]:
    return lambda _packet: rng.random() < part


def breaks(rng: random.Random, part: float) -> Callable[[Packet], bool]:
    """From some packet on all vanish: a stream has no gaps."""
    broken = False

    def lose(_packet: Packet) -> bool:
        nonlocal broken
        broken = broken or rng.random() < part
        return broken

    return lose


def annoy(module: FakeModule, rng: random.Random, over: threading.Event) -> None:
    """Loses, delays, freezes and cuts until it is over; then all is well."""
    broker = module.broker
    while not over.wait(rng.random() * 0.8):
        fault = rng.choice(FAULTS)
        if fault in ("fin", "silent"):
            module.cut(fault)
        elif fault == "vanish":  # as when a connection breaks under what is on its way
            with module.lock:
                broker.lose = breaks(rng, 0.4)
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


Started = list[tuple[str, m531x.Delivery | None]]


def work(made: Bench, name: str, rng: random.Random) -> Started:
    """Publishes a few at a time, waits for some of them, and reads something now and then."""
    unfinished: Started = []
    for _ in range(ROUNDS):
        started = [
            made.judge.start("mix", rng.choice((0, 1, 1, 2)), name, limit)
            for limit in rng.choices((None, 0.3), (9, 1), k=3)
        ]
        if rng.random() < 0.5:
            with contextlib.suppress(m531x.M531xError):
                assert made.modem.command("AT+CSQ") == ["+CSQ:20,99"]
        for delivery in started[: rng.randrange(4)]:
            made.judge.wait(*delivery)
        unfinished += started
        threading.Event().wait(rng.random() * 0.3)
    return unfinished


def subscribe(modem: m531x.Modem, rng: random.Random, over: threading.Event) -> dict[str, bool]:
    """Subscribes and unsubscribes; which filters are known to be subscribed, or not, in the end."""
    known: dict[str, bool] = {}
    filters = [f"news/{number}" for number in range(9)]
    while filters and not over.wait(rng.random() * 0.5):
        filter_ = rng.choice(filters[:4])
        wanted = not known.get(filter_, False)
        known.pop(filter_, None)
        with contextlib.suppress(m531x.M531xError):  # then it is not known
            if wanted:
                modem.subscribe(filter_, qos=rng.randrange(3), timeout=5)
            else:
                # Without an answer nobody knows what the broker did; that has a test of its own.
                filters.remove(filter_)
                modem.unsubscribe(filter_)
                filters.append(filter_)
            known[filter_] = wanted
    return known


def first_arrivals(module: FakeModule, name: str) -> list[int]:
    """The numbers of one thread's publishes of QoS 1 and 2, in the order in which they arrived."""
    with module.lock:
        payloads = [arrival.payload.decode() for arrival in module.broker.received if arrival.qos]
    numbers = [int(text.split("-")[1]) for text in payloads if text.startswith(name + "-")]
    return list(dict.fromkeys(numbers))


@pytest.mark.timeout(2 * PATIENCE_S)
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
    names = [f"t{number}" for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS + 2) as pool:
        annoying = pool.submit(annoy, module, rng, over)
        subscribing = pool.submit(subscribe, modem, random.Random(seed), over)
        working = [pool.submit(work, made, name, random.Random(name)) for name in names]
        unfinished = [delivery for future in working for delivery in future.result(PATIENCE_S)]
        over.set()
        annoying.result()
        known = subscribing.result()
    ending.cancel()
    for delivery in unfinished:
        judge.wait(*delivery)
    judge.check()
    listed = modem.subscriptions()
    assert "news" in listed
    assert {filter_: filter_ in listed for filter_ in known} == known
    kept_up = {"news"} | {filter_ for filter_, wanted in known.items() if wanted}
    module.wait_for(lambda: kept_up <= set(module.broker.filters()))
    for _ in range(20):
        module.broker.publish("news", b"good")
        if b"good" in [message.payload for message in subscription.messages(timeout=1)]:
            break
    else:
        pytest.fail("the subscription is listed, and its messages do not arrive")
    # What failed again and again while others went through is set aside, and so not lost.
    modem.close()
    kept = {message.payload.decode() for message in outbox.messages()} if in_flight else set()
    lost = {
        text: repr(error)
        for text, error in judge.failed.items()
        if judge.sent[text] and text not in kept and not judge.may_fail(text, outbox=in_flight > 0)
    }
    assert lost == {}
    if in_flight == 1 and not kept:
        for name in names:
            assert first_arrivals(module, name) == sorted(first_arrivals(module, name))


@pytest.mark.parametrize("clean_session", [True, False])
@pytest.mark.parametrize("in_flight", [0, 8])
@pytest.mark.parametrize("seed", SEEDS)
def test_bursts_that_are_cut_while_acks_are_out_of_order(
    bench: MakeBench, tmp_path: Path, seed: int, in_flight: int, clean_session: bool
) -> None:
    """B1 at random: some of a burst vanish on their way, the others are acknowledged in any order.

    The connection is cut in between, so that a receipt for the wrong one of them is a false one. A
    kept session also keeps the ids of unfinished publishes of QoS 2.
    """
    rng = random.Random(seed * 10 + in_flight)
    options: dict[str, object] = {"recovery": replace(RECOVERY, loss_budget=1000)}
    if in_flight:
        options["outbox"] = m531x.Outbox(tmp_path / "outbox.db", in_flight=in_flight)
    # Ids that go on over CFG make the driver wait for its own time limits, which are not scaled.
    traits = replace(random_traits(rng), scale=0.01, cfg_restarts_ids=True)
    made = bench(traits, connect=False, **options)
    made.connect(clean_session=clean_session)
    module, _, judge = made
    for _ in range(10):
        for qos in rng.choices((0, 1, 2), k=rng.randrange(3)):
            judge.publish("between", qos)
        with module.lock:
            module.broker.ack_delay = up_to(rng, rng.choice((0.0, 5.0)))
            module.broker.lose = breaks(rng, rng.choice((0.0, 0.2, 0.5)))
        burst = [judge.start("burst", rng.choice((0, 1, 1, 2))) for _ in range(rng.randrange(2, 8))]
        threading.Event().wait(rng.random() * 0.06)
        module.cut(rng.choice(("fin", "fin", "silent")))
        with module.lock:
            module.broker.lose = lambda _packet: False
        for delivery in burst:
            judge.wait(*delivery)
    judge.check()
    lost = {text: repr(error) for text, error in judge.failed.items() if judge.sent[text]}
    assert lost == {}
