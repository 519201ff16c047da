"""The modem for asyncio refuses what the other one refuses, with the same words."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import m531x
from aio_support import connected, run
from bad_calls import CLOSED, REFUSED
from m531x import aio


async def result(value: Any) -> Any:
    """What a call gives, awaited where that is to be done."""
    return await value if inspect.isawaitable(value) else value


def test_it_is_refused_before_a_byte_is_sent() -> None:
    async def main() -> None:
        async with await connected() as modem:
            sent = modem.stats().bytes_sent
            for name, (call, expected) in REFUSED.items():
                with pytest.raises(m531x.InvalidArgumentError) as caught:
                    await result(call(modem))
                text = str(caught.value)
                assert re.search(expected, text, re.IGNORECASE), (name, text)
                assert "secret" not in text
                assert modem.stats().bytes_sent == sent, name

    run(main)


def test_after_close_every_call_says_so() -> None:
    async def main() -> None:
        modem = await connected()
        await modem.close()
        for call in CLOSED.values():
            with pytest.raises(m531x.ClosedError, match="closed"):
                await result(call(modem))

    run(main)


def test_a_path_is_a_port_and_a_number_is_not(virtual: m531x.VirtualModem) -> None:
    async def main() -> None:
        async with aio.Modem(Path(virtual.port)) as modem:
            assert await modem.command("AT") == []
            with pytest.raises(m531x.PortError) as caught:
                await aio.Modem(virtual.port)
            assert caught.value.code is m531x.ErrorCode.PORT_IN_USE
            assert await modem.command("AT") == []
        with pytest.raises(m531x.ArgumentTypeError, match="port is int"):
            aio.Modem(5)  # type: ignore[arg-type]

    run(main)


def test_a_timeout_may_be_as_long_as_you_like() -> None:
    async def main() -> None:
        async with await connected() as modem:
            assert await modem.command("AT", timeout=float("inf")) == []
            delivery = modem.publish_nowait("a", "x")
            assert (await delivery.wait(timeout=float("inf"))).qos == 0
            await modem.subscribe("a")
            await modem.publish("a", "x")
            async for message in modem.messages(timeout=1e300):
                assert message.text == "x"
                break

    run(main)
