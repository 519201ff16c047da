"""What waits to be received is bounded, by number and by bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

import m531x

Eventually = Callable[..., None]

LARGE = 60_000
MOST_BYTES = 16 << 20


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest"])
def test_large_messages_count_by_their_bytes(
    overflow: Literal["drop_oldest", "drop_newest"], eventually: Eventually
) -> None:
    line = f"+MQTTPUBLISH:0,0,0,0,t,{LARGE},".encode() + b"x" * LARGE + b"\r\n"
    with m531x.Modem("virtual://", overflow=overflow) as modem:
        virtual = modem.virtual_modem
        assert virtual is not None
        for count in range(1, 2 * MOST_BYTES // LARGE):
            # One by one, for the line to the modem holds a megabyte.
            virtual.inject(line)
            if count % 8 == 0:
                eventually(lambda expected=count: modem.stats().messages >= expected)
        stats = modem.stats()
        assert stats.dropped > 0
        assert stats.queued * LARGE <= MOST_BYTES + LARGE
