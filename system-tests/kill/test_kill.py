"""A short run of what `make test-kill` does at length."""

from __future__ import annotations

from pathlib import Path

import pytest

from kill import run
from puback_proxy import Packets


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("firmware", "in_flight"), [("vendor", 8), ("manual", 1)])
def test_what_was_accepted_arrives_though_every_part_is_killed(
    tmp_path: Path, firmware: str, in_flight: int
) -> None:
    result = run(6, 1, tmp_path, firmware=firmware, in_flight=in_flight)
    assert set(result.kills.values()) == {2}
    assert result.accepted > 0
    assert not result.unacknowledged
    assert not result.unseen


def test_packets_are_found_however_the_bytes_are_cut() -> None:
    long = bytes(range(256)) * 2
    stream = b"\x30\x03abc" + b"\x40\x02\x00\x07" + b"\x32\x80\x04" + long
    for size in (1, 2, 3, 7, len(stream)):
        packets = Packets()
        found: list[tuple[int, int, bytes]] = []
        for at in range(0, len(stream), size):
            found += packets.take(stream[at : at + size])
        assert found == [(3, 0, b"abc"), (4, 0, b"\x00\x07"), (3, 2, long)]
