"""A program that is killed with a publish of QoS 2 unfinished, and the next one with its outbox."""

from __future__ import annotations

import shutil
from pathlib import Path

import m531x
from referee_bench import RECOVERY, MakeBench
from referee_traits import Traits

TRAITS = Traits()


def test_the_next_program_loses_nothing_to_an_id_that_the_broker_holds(
    bench: MakeBench, tmp_path: Path
) -> None:
    """The broker acknowledges a publish with the id of an unfinished one, and delivers nothing.

    The module counts from 1 for each program, so a publish of the second comes to that id.
    """
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    made = bench(TRAITS, connect=False, outbox=first / "outbox.db")
    made.connect(clean_session=False)
    broker = made.module.broker
    for _ in range(3):
        made.modem.publish("numbers", "0", qos=1)
    with made.module.lock:
        broker.lose_ack = lambda packet: packet.kind == "PUBLISH" and packet.qos == 2
    made.modem.publish_nowait("numbers", "1", qos=2)
    made.module.wait_for(lambda: broker.payloads()[b"1"] == 1)
    # The files as a killed program leaves them.
    shutil.copytree(first, second)
    made.modem.close()
    with made.module.lock:
        broker.lose_ack = lambda _packet: False

    with m531x.Modem(
        made.module.port,
        model=TRAITS.model,
        guard_time=0,
        recovery=RECOVERY,
        outbox=second / "outbox.db",
    ) as modem:
        modem.connect("broker.example", client_id="meter", keepalive=600, clean_session=False)
        for number in range(2, 8):
            modem.publish("numbers", str(number), qos=2, timeout=60)
    assert {str(number).encode() for number in range(8)} == broker.payloads().keys()
