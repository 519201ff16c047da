"""Many modems in one loop, and loops that cannot watch descriptors."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import pytest

import m531x
from aio_support import BlindLoop, both_loops, connected, run
from m531x import aio


@both_loops
def test_sixty_modems_share_a_loop(loop: Any) -> None:
    async def main() -> None:
        threads = threading.active_count()
        modems = await asyncio.gather(*(connected() for _ in range(60)))
        waiting = 60 if loop is BlindLoop or sys.platform == "win32" else 0
        assert threading.active_count() == threads + waiting
        await asyncio.gather(*(modem.subscribe("own", qos=1) for modem in modems))

        async def talk(number: int, modem: aio.Modem) -> None:
            texts = [f"{number} {n}" for n in range(10)]
            await asyncio.gather(*(modem.publish("own", text, qos=1) for text in texts))
            received = []
            async for message in modem.messages(timeout=20):
                received.append(message.text)
                if len(received) == len(texts):
                    break
            assert received == texts
            assert await modem.command("AT+CGMM") == ["M5310-A"]

        await asyncio.gather(*(talk(n, modem) for n, modem in enumerate(modems)))
        await asyncio.gather(*(modem.close() for modem in modems))

    run(main, limit=50, loop=loop)


def test_a_loop_that_cannot_watch_descriptors_does_all_the_same(
    virtual: m531x.VirtualModem, client_id: str, topic: str
) -> None:
    async def main() -> None:
        seen: list[str] = []
        async with aio.Modem(virtual.port) as modem:
            await modem.connect("broker.example", client_id=client_id)
            subscription = await modem.subscribe(topic, qos=2)
            delivery = modem.publish_nowait(topic, b"\x00\xff", qos=2)
            async for message in subscription.messages(timeout=10):
                seen.append(message.payload.hex())
                break
            assert (await delivery).qos == 2
            task = asyncio.create_task(modem.command("AT+CGMM"))
            await asyncio.sleep(0)
            task.cancel()
            assert (await modem.command("AT+CSQ"))[0].startswith("+CSQ")
            with pytest.raises(m531x.M531xError):
                await modem.command("AT+NOSUCH")
        assert seen == ["00ff"]

    run(main, loop=BlindLoop)


def test_its_thread_sleeps_while_nothing_comes_and_ends_with_the_modem() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        modem = await connected()
        (thread,) = [one for one in threading.enumerate() if one.name == "m531x-aio"]
        await asyncio.sleep(0.05)
        calls: list[object] = []
        original = loop.call_soon_threadsafe

        def counted(callback: Any, *args: Any, **more: Any) -> Any:
            calls.append(callback)
            return original(callback, *args, **more)

        loop.call_soon_threadsafe = counted  # type: ignore[assignment]
        await asyncio.sleep(0.5)
        assert calls == []
        await modem.command("AT")
        assert calls
        await modem.close()
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()

    run(main, loop=BlindLoop)


def test_its_thread_ends_with_the_loop_too() -> None:
    loop = BlindLoop()
    modem = loop.run_until_complete(connected())
    (thread,) = [one for one in threading.enumerate() if one.name == "m531x-aio"]
    loop.close()
    with pytest.warns(ResourceWarning, match="unclosed"):
        del modem
    thread.join(10)
    assert not thread.is_alive()


@both_loops
def test_opening_may_fail_and_may_be_cancelled(loop: Any) -> None:
    async def main() -> None:
        threads = threading.active_count()
        with pytest.raises(m531x.PortError):
            await aio.Modem("/dev/no-such-port")
        opening = asyncio.create_task(aio.Modem("virtual://").open())
        await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        for _ in range(500):
            if threading.active_count() == threads:
                return
            await asyncio.sleep(0.01)
        assert threading.active_count() == threads

    run(main, loop=loop)
