"""An acknowledgement completes no publish but its own, however the module counts (B1, B8)."""

from __future__ import annotations

import itertools
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import m531x
from referee_bench import MakeBench
from referee_traits import Traits

ZEROS = [int(number) for number in os.environ.get("REFEREE_ZEROS", "5000").split()]

COUNTERS = [
    pytest.param(Traits(), id="vendor"),
    pytest.param(Traits(qos0_takes_id=False), id="qos0-without-id"),
    pytest.param(Traits(dup_first=False), id="id-first"),
    pytest.param(Traits(qos0_takes_id=False, dup_first=False), id="manual"),
    pytest.param(Traits(cfg_restarts_ids=False, first_id=700), id="ids-go-on"),
    pytest.param(Traits(model="M5311", spaces="mixed", ok_delay=0.1), id="m5311"),
]


@pytest.mark.parametrize("zeros", [0, 2])
@pytest.mark.parametrize("how", ["fin", "silent"])
@pytest.mark.parametrize("traits", COUNTERS)
def test_the_ack_of_one_publish_is_no_receipt_for_the_next(
    bench: MakeBench, traits: Traits, how: str, zeros: int
) -> None:
    """B1 as it was seen: A is acknowledged, B is lost with the connection."""
    made = bench(traits, connect=False)
    module, _, judge = made
    made.connect(keepalive=12)
    assert judge.publish("warm", 1)
    for _ in range(zeros):
        assert judge.publish("zero", 0)
    with module.lock:
        module.broker.lose = lambda packet: packet.topic == "b"
        module.broker.ack_delay = lambda _packet: 4.0
    first, second = judge.start("a", 1), judge.start("b", 1)
    module.wait_for(lambda: sum(packet.topic in "ab" for packet in module.client.accepted) >= 2)
    module.wait_for(lambda: sum("PUBACK" in line for line in module.printed) == 2)
    with module.lock:
        module.broker.lose = lambda _packet: False
        module.broker.ack_delay = lambda _packet: 0.0
    module.cut(how)
    assert judge.wait(*first)
    assert judge.wait(*second)
    judge.check_nothing_failed()
    assert module.broker.payloads()[first[0].encode()] == 1


@pytest.mark.parametrize("in_flight", [1, 8])
def test_what_leaves_the_outbox_is_at_the_broker(
    bench: MakeBench, tmp_path: Path, in_flight: int
) -> None:
    outbox = m531x.Outbox(tmp_path / "outbox.db", in_flight=in_flight)
    module, modem, judge = bench(outbox=outbox)
    assert judge.publish("warm", 1)
    assert judge.publish("zero", 0)
    with module.lock:
        module.broker.lose = lambda packet: packet.topic == "b"
    deliveries = [judge.start("b" if n % 2 else "a", 1 + n % 2) for n in range(8)]
    module.wait_for(lambda: any(packet.topic == "b" for packet in module.client.accepted))
    with module.lock:
        module.broker.lose = lambda _packet: False
    module.cut("fin")
    for delivery in deliveries:
        assert judge.wait(*delivery)
    judge.check_nothing_failed()
    stats = modem.stats().outbox
    assert stats is not None
    assert stats.messages == 0


@pytest.mark.parametrize("delays", ["early", "late", "out of order"])
@pytest.mark.parametrize("traits", COUNTERS)
def test_publishes_of_three_threads_are_all_acknowledged(
    bench: MakeBench, traits: Traits, delays: str
) -> None:
    """24 publishes of mixed QoS, nothing is lost: so none may time out, or be sent twice."""
    module, _, judge = bench(traits)
    if delays == "out of order":
        for qos in (1, 0, 1):  # shows how this module counts; nothing else could
            assert judge.publish("warm", qos)
    rng = random.Random(1)
    late = {"early": lambda: 0.0, "late": lambda: 3.0, "out of order": lambda: rng.random() * 4}
    module.broker.ack_delay = lambda _packet: late[delays]()
    numbers = itertools.count()

    def work(_thread: int) -> None:
        started = [judge.start("mix", next(numbers) % 3) for _ in range(8)]
        for delivery in started:
            judge.wait(*delivery)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    judge.check_nothing_failed()
    assert set(module.broker.payloads().values()) == {1}
    assert module.broker.connections == 1


@pytest.mark.parametrize("traits", COUNTERS)
def test_threads_that_read_and_publish_in_turns_are_quick(bench: MakeBench, traits: Traits) -> None:
    """Eight threads, AT+CSQ and a publish in turns, no fault: none waits for a time limit.

    The shortest limit of the driver is the ack timeout of 10 s; of the module's own clock it takes
    hardly anything.
    """
    module, modem, judge = bench(traits)

    def work(thread: int) -> None:
        for turn in range(10):
            assert modem.command("AT+CSQ")
            assert judge.publish("mix", (thread + turn) % 2)

    begin = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    elapsed = time.monotonic() - begin
    judge.check_nothing_failed()
    assert set(module.broker.payloads().values()) == {1}
    assert not any("MQTTTO" in line for line in module.printed)
    assert elapsed < 8


@pytest.mark.parametrize("first_id", [65533, 65534, 65535, 0])
@pytest.mark.parametrize("after", [0, 1])
def test_ids_begin_anew_after_the_last(bench: MakeBench, first_id: int, after: int) -> None:
    """B8 with a broker that takes 0: nothing is late, nothing sent twice."""
    traits = Traits(cfg_restarts_ids=False, first_id=first_id, after_65535=0 if after == 0 else 1)
    module, _, judge = bench(traits)
    for qos in (1, 0, 2, 1, 1, 0, 1):
        assert judge.publish("wrap", qos)
    judge.check_nothing_failed()
    assert set(module.broker.payloads().values()) == {1}
    assert not any("MQTTTO" in line for line in module.printed)


def test_a_broker_that_refuses_id_0_costs_one_connection(bench: MakeBench) -> None:
    """B8 with a strict broker."""
    module, _, judge = bench(Traits(cfg_restarts_ids=False, first_id=65535))
    module.broker.refuses_id_0 = True
    for _ in range(4):
        assert judge.publish("wrap", 1)
    judge.check_nothing_failed()
    assert module.broker.connections == 2


@pytest.mark.parametrize("many", ZEROS)
def test_an_ack_after_many_publishes_that_have_none(bench: MakeBench, many: int) -> None:
    """The number of the ack is far from the last one that was seen, or has begun anew (B8)."""
    module, modem, judge = bench()
    assert judge.publish("warm", 1)
    for _ in range(many):
        modem.publish("zero", b"0")
    first, second = judge.start("a", 1), judge.start("b", 2)
    assert judge.wait(*first)
    assert judge.wait(*second)
    judge.check_nothing_failed()
    assert module.client.next_id == (many + 4) % 65536
    assert {module.broker.payloads()[text.encode()] for text in judge.sent} == {1}
    assert not any("MQTTTO" in line for line in module.printed)
