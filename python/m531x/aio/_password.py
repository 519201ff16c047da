"""A password function in an event loop, where it may be a coroutine function."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import cast

from m531x._password import checked
from m531x._secret import Hidden

__all__ = ["ask"]


async def ask(function: Callable[[], object]) -> Hidden[str]:
    """What the function gives.

    Raises:
        ArgumentTypeError: That is no text.
    """
    password: Hidden[object] = Hidden(function())
    if inspect.isawaitable(password.reveal()):
        password = Hidden(await cast("Awaitable[object]", password.reveal()))
    return checked(password)
