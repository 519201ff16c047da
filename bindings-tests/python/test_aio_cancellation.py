"""Cancelling a coroutine of the modem for asyncio, which stays usable."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

import m531x
from aio_support import connected, run
from m531x import aio


def test_a_cancelled_command_leaves_the_modem_usable(
    virtual: m531x.VirtualModem, client_id: str
) -> None:
    async def main() -> None:
        async with aio.Modem(virtual.port) as modem:
            await modem.connect("broker.example", client_id=client_id)
            for delay in (0.0, 0.0001, 0.001, 0.01):
                task = asyncio.create_task(modem.command("AT+CGMM"))
                await asyncio.sleep(delay)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                assert (await modem.command("AT+CSQ"))[0].startswith("+CSQ")
            assert (await modem.publish("t", "x", qos=1)).qos == 1

    run(main)


def test_a_time_limit_of_asyncio_ends_a_publish_nobody_acknowledges() -> None:
    async def main() -> None:
        with m531x.VirtualModem(faults=["lost-ack=any"]) as virtual:
            async with aio.Modem(virtual.port) as modem:
                await modem.connect("broker.example", client_id="test")
                begun = time.monotonic()
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(modem.publish("t", "x", qos=1), 0.2)
                assert time.monotonic() - begun < 2
                assert (await modem.command("AT+CGMM")) == ["M5310-A"]

    run(main)


def test_waiting_for_a_message_can_be_cancelled_and_loses_none() -> None:
    async def main() -> None:
        async with await connected() as modem:
            await modem.subscribe("t")
            messages = modem.messages()
            for _ in range(5):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(messages.__anext__(), 0.01)
            for n in range(20):
                await modem.publish("t", str(n))
            assert [(await messages.__anext__()).text for _ in range(20)] == [
                str(n) for n in range(20)
            ]

    run(main)


def test_opening_can_be_cancelled() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            begun = time.monotonic()
            port = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(aio.Modem(port).open(), 0.1)
            assert time.monotonic() - begun < 2
            connection, _ = mute.accept()
            with connection:
                connection.settimeout(5)
                while connection.recv(100):
                    pass  # it hangs up, sooner than its 10 s for the opening

    run(main)
