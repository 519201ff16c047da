"""What the tests of the modem for asyncio share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NoReturn

import pytest

from m531x import aio


class BlindLoop(asyncio.SelectorEventLoop):
    """A loop that cannot watch descriptors, as the proactor loop of Windows."""

    def add_reader(self, *_: object) -> NoReturn:
        raise NotImplementedError


both_loops = pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, BlindLoop])


def run(
    main: Callable[[], Awaitable[None]],
    limit: float = 30,
    loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.SelectorEventLoop,
) -> None:
    """Runs a coroutine in a loop of its own; what the loop complains of is an error."""
    complaints: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
        await asyncio.wait_for(main(), limit)

    with running(loop()) as its:
        its.run_until_complete(watched())
    assert complaints == []


@contextlib.contextmanager
def running(loop: asyncio.AbstractEventLoop) -> Iterator[asyncio.AbstractEventLoop]:
    """Ends a loop as asyncio.run does."""
    try:
        yield loop
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def connected(**options: Any) -> aio.Modem:
    modem = await aio.Modem("virtual://", **options)
    await modem.connect("broker.example", client_id="test")
    return modem
