"""The bridge from a native modem to an event loop: one signal, and the futures that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from m531x import _native
from m531x._errors import ClosedError
from m531x.aio._watcher import watch

__all__ = ["AnyOperation", "LoopBridge"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class AnyOperation(Protocol[T_co]):
    """A native operation, or a delivery, whose end the signal reports."""

    def begin(self, ready: _native.Ready, /) -> int: ...
    def result(self) -> T_co: ...
    def abandon(self) -> None: ...


class LoopBridge:
    """Wakes the event loop for results and arrivals; must be used in the loop's own thread."""

    def __init__(self, on_arrival: Callable[[], None]) -> None:
        """Makes the running loop watch a new signal, by its descriptor or by a thread."""
        self.loop = asyncio.get_running_loop()
        self.ready = _native.Ready()
        self._on_arrival = on_arrival
        self._waiting: dict[int, tuple[AnyOperation[Any], asyncio.Future[Any]]] = {}
        self._watcher = watch(self.loop, self.ready, self._wake)

    def begin(self, operation: AnyOperation[T]) -> asyncio.Future[T]:
        """Begins an operation and returns its future; cancelling it abandons the operation."""
        token = operation.begin(self.ready)
        future: asyncio.Future[T] = self.loop.create_future()
        self._waiting[token] = (operation, future)
        future.add_done_callback(lambda done: self._abandon(token) if done.cancelled() else None)
        return future

    def close(self) -> None:
        """Stops watching; operations that still wait end with `ClosedError`."""
        self._watcher.close()
        waiting, self._waiting = self._waiting, {}
        for operation, future in waiting.values():
            operation.abandon()
            if not future.done() and not self.loop.is_closed():
                future.set_exception(ClosedError())

    def _wake(self) -> None:
        for token in self.ready.take():
            operation, future = self._waiting.pop(token, (None, None))
            if operation is None or future is None or future.done():
                continue
            try:
                result = operation.result()
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)
        self._on_arrival()

    def _abandon(self, token: int) -> None:
        operation, _ = self._waiting.pop(token, (None, None))
        if operation is not None:
            operation.abandon()
