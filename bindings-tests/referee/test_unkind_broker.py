"""One publish that the broker will not have does not take the others with it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import m531x
from referee_bench import MakeBench
from referee_traits import Traits


@pytest.mark.parametrize(
    "traits",
    [
        pytest.param(Traits(), id="vendor"),
        pytest.param(Traits(first_write_after_fin=True, dead_link_notice=(0, 0.1)), id="quick"),
    ],
)
def test_a_topic_that_costs_the_connection_fails_by_itself(
    bench: MakeBench, traits: Traits
) -> None:
    module, _, judge = bench(traits)
    module.broker.closes_on.add("forbidden")
    with ThreadPoolExecutor(2) as pool:
        forbidden = pool.submit(judge.publish, "forbidden", 1)
        innocent = pool.submit(judge.publish, "innocent", 1)
        assert innocent.result(60)
        assert module.broker.connections <= 1 + 3
        assert not forbidden.result(60)
    (error,) = judge.failed.values()
    assert isinstance(error, m531x.M531xError)
    assert module.broker.connections <= 1 + 4
    for _ in range(3):
        assert judge.publish("innocent", 1)
    assert module.broker.connections <= 1 + 4
    judge.check()


def test_innocent_publishes_of_many_threads_are_all_acknowledged(bench: MakeBench) -> None:
    module, _, judge = bench()
    module.broker.closes_on.add("forbidden")
    with ThreadPoolExecutor(6) as pool:
        topics = ["innocent", "forbidden", "other"] * 4
        done = list(pool.map(lambda topic: judge.publish(topic, 1), topics))
    assert done == [topic != "forbidden" for topic in topics]
    judge.check()


def test_what_the_broker_will_not_have_leaves_the_outbox_to_the_others(
    bench: MakeBench, tmp_path: Path
) -> None:
    module, modem, judge = bench(outbox=m531x.Outbox(tmp_path / "outbox.db", in_flight=4))
    module.broker.closes_on.add("forbidden")
    forbidden = judge.start("forbidden", 1)
    others = [judge.start("innocent", 1) for _ in range(6)]
    for other in others:
        assert judge.wait(*other)
    assert not judge.wait(*forbidden)
    judge.check()
    stats = modem.stats().outbox
    assert stats is not None
    assert (stats.messages, stats.set_aside) == (0, 1)


def test_a_broker_that_takes_no_publish_at_all_ends_each_with_an_error(bench: MakeBench) -> None:
    module, _, judge = bench()
    module.broker.closes_on |= {"a", "b"}
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda topic: judge.publish(topic, 1), ["a", "b"])) == [False, False]
    module.broker.closes_on.clear()
    assert judge.publish("a", 1)
    judge.check()
