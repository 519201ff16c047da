"""Messages of the modem for asyncio, in order, none lost and none too many."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import m531x
from aio_support import connected, run
from m531x import aio


def test_messages_end_after_the_time_and_when_the_modem_closes() -> None:
    async def main() -> None:
        modem = await connected()
        assert [message async for message in modem.messages(timeout=0)] == []
        assert [message async for message in modem.messages(timeout=0.05)] == []

        async def read() -> list[m531x.Message]:
            return [message async for message in modem.messages()]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        await modem.close()
        assert await reading == []

    run(main)


def test_a_full_mailbox_holds_the_line_up_and_loses_nothing() -> None:
    async def main() -> None:
        async with await connected(queue_size=8, overflow="block") as modem:
            await modem.subscribe("t")
            assert modem.virtual_modem is not None
            modem.virtual_modem.inject(
                b"".join(b"+MQTTPUBLISH:0,0,0,0,t,4,%04d\r\n" % n for n in range(5000))
            )
            while modem.stats().queued < 8:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            assert modem.stats().queued == 8
            assert modem.stats().messages < 5000
            texts = []
            async for message in modem.messages(timeout=5):
                texts.append(message.text)
                if len(texts) == 5000:
                    break
            assert texts == [f"{n:04}" for n in range(5000)]
            assert modem.stats().dropped == 0

    run(main)


@pytest.mark.parametrize(("overflow", "kept"), [("drop_oldest", "199"), ("drop_newest", "000")])
def test_a_full_mailbox_drops_and_counts_where_it_is_told_to(overflow: Any, kept: str) -> None:
    async def main() -> None:
        async with await connected(queue_size=8, overflow=overflow) as modem:
            await modem.subscribe("t")
            assert modem.virtual_modem is not None
            for n in range(200):
                modem.virtual_modem.inject(b"+MQTTPUBLISH:0,0,0,0,t,3,%03d\r\n" % n)
            while modem.stats().messages < 200:
                await asyncio.sleep(0.005)
            texts = [message.text async for message in modem.messages(timeout=0.1)]
            assert kept in texts
            assert modem.stats().dropped == 200 - len(texts) > 0

    run(main)


def test_a_lost_port_ends_messages_with_the_reason() -> None:
    async def main() -> None:
        virtual = m531x.VirtualModem()
        async with aio.Modem(virtual.port, recovery=None) as modem:
            await modem.connect("broker.example", client_id="test")
            messages = modem.messages()
            virtual.close()
            with pytest.raises(m531x.PortError):
                await messages.__anext__()
            with pytest.raises(m531x.PortError):
                await modem.command("AT")

    run(main)
