"""Cancelling a coroutine of the modem for asyncio, which stays usable."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable

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
                assert time.monotonic() - begun < 5
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
            assert time.monotonic() - begun < 5
            connection, _ = mute.accept()
            with connection:
                connection.settimeout(5)
                while connection.recv(100):
                    pass  # it hangs up, sooner than its 10 s for the opening

    run(main)


OPERATIONS: dict[str, Callable[[aio.Modem], Awaitable[object]]] = {
    "wait_for_network": lambda modem: modem.wait_for_network(10),
    "connect": lambda modem: modem.connect("broker.example", client_id="again"),
    "publish, QoS 0": lambda modem: modem.publish("t", "x", 0),
    "publish, QoS 1": lambda modem: modem.publish("t", "x", 1),
    "publish, QoS 2": lambda modem: modem.publish("t", "x", 2),
    "publish_nowait": lambda modem: modem.publish_nowait("t", "x", 1).wait(),
    "subscribe": lambda modem: modem.subscribe("s"),
    "unsubscribe": lambda modem: modem.unsubscribe("t"),
    "messages": lambda modem: modem.messages().__anext__(),
    "status": lambda modem: modem.status(),
    "config": lambda modem: modem.config(),
    "info": lambda modem: modem.info(),
    "signal": lambda modem: modem.signal(),
    "command": lambda modem: modem.command("AT+CSQ"),
    "wake": lambda modem: modem.wake(),
    "set_ack_timeout": lambda modem: modem.set_ack_timeout(7),
    "set_ping_report": lambda modem: modem.set_ping_report(True),
    "disconnect": lambda modem: modem.disconnect(),
    "delete": lambda modem: modem.delete(),
    "reboot": lambda modem: modem.reboot(),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_can_be_cancelled_and_the_modem_goes_on(name: str) -> None:
    async def cancelled_after(modem: aio.Modem, delay: float) -> None:
        task = asyncio.ensure_future(OPERATIONS[name](modem))
        await asyncio.sleep(delay)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert not isinstance(outcome, (m531x.ClosedError, m531x.InternalError))

    async def goes_on(modem: aio.Modem) -> None:
        # What was sent is not taken back: the module may be restarting, or without a client.
        for _ in range(20):
            with contextlib.suppress(m531x.ModemRebootedError, m531x.ModemTimeoutError):
                assert await modem.command("AT+CGMM", timeout=2) == ["M5310-A"]
                return
        pytest.fail("the module no longer answers")

    async def main() -> None:
        with m531x.VirtualModem(faults=["delay=5"]) as virtual:
            async with aio.Modem(virtual.port, recovery=None) as modem:
                for delay in (0.0, 0.002, 0.008, 0.02):
                    await goes_on(modem)
                    await modem.connect("broker.example", client_id="test")
                    await modem.subscribe("t")
                    await cancelled_after(modem, delay)
                await goes_on(modem)
                await modem.connect("broker.example", client_id="test")
                assert (await modem.publish("t", "x", qos=1)).qos == 1

    run(main)
