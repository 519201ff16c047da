"""What every operation of a modem of an event loop begins with."""

from __future__ import annotations

import asyncio
from typing import Any

from m531x import _native

__all__ = ["Beginning"]


class Beginning:
    """What the parts of `Modem` need of it."""

    @property
    def _opened(self) -> _native.Modem:
        raise NotImplementedError

    @property
    def _starter(self) -> _native.Starter:
        raise NotImplementedError

    def _begin(self, operation: _native.Operation) -> asyncio.Future[Any]:
        raise NotImplementedError
