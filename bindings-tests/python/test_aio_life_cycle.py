"""Opening and closing the modem for asyncio."""

from __future__ import annotations

import asyncio
import time

import pytest

import m531x
from aio_support import connected, run
from m531x import aio


def test_closing_ends_every_wait() -> None:
    async def main() -> None:
        with m531x.VirtualModem(faults=["lost-ack=any"]) as virtual:
            modem = await aio.Modem(virtual.port)
            await modem.connect("broker.example", client_id="test")
            waiting = [asyncio.create_task(modem.publish("t", "x", qos=1)) for _ in range(5)]
            await asyncio.sleep(0.05)
            begun = time.monotonic()
            await modem.close()
            assert time.monotonic() - begun < 5
            for result in await asyncio.gather(*waiting, return_exceptions=True):
                assert isinstance(result, m531x.ClosedError)
            await modem.close()
            with pytest.raises(m531x.ClosedError):
                await modem.command("AT")
            with pytest.raises(m531x.ClosedError):
                modem.messages()

    run(main)


def test_opening_fails_as_the_other_modem_does_and_leaves_nothing() -> None:
    async def main() -> None:
        with pytest.raises(m531x.PortError, match="/dev/no-such-port"):
            await aio.Modem("/dev/no-such-port")
        with pytest.raises(m531x.InvalidArgumentError, match="M9999"):
            aio.Modem("virtual://", model="M9999")
        modem = aio.Modem("virtual://")
        with pytest.raises(m531x.ClosedError, match="async with"):
            await modem.command("AT")
        async with modem:
            pass
        with pytest.raises(m531x.ClosedError, match="make a new one"):
            await modem.open()

    run(main)


def test_a_modem_that_nobody_closed_says_so() -> None:
    async def main() -> None:
        modem = await connected()
        with pytest.warns(ResourceWarning, match="unclosed"):
            del modem
        await asyncio.sleep(0)

    run(main)
