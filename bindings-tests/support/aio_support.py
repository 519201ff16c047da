"""What the tests of the modem for asyncio share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from m531x import aio


def run(main: Callable[[], Awaitable[None]], limit: float = 30) -> None:
    """Runs a coroutine in a loop of its own; what the loop complains of is an error."""
    complaints: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
        await asyncio.wait_for(main(), limit)

    asyncio.run(watched(), debug=False)
    assert complaints == []


async def connected(**options: Any) -> aio.Modem:
    modem = await aio.Modem("virtual://", **options)
    await modem.connect("broker.example", client_id="test")
    return modem
