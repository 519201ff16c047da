"""Watches the signal of a modem for an event loop."""

from __future__ import annotations

import asyncio
import atexit
import threading
import weakref
from collections.abc import Callable
from typing import Protocol

from m531x import _native

__all__ = ["watch"]


class Watcher(Protocol):
    """Calls back in the loop for every signal."""

    def close(self) -> None:
        """Ends the calls."""


def watch(
    loop: asyncio.AbstractEventLoop, ready: _native.Ready, wake: Callable[[], None]
) -> Watcher:
    """Calls ``wake()`` in the loop whenever the signal goes up; ``wake()`` must lower it."""
    number = ready.fileno()
    if number is not None:
        try:
            loop.add_reader(number, wake)
        except NotImplementedError:
            pass  # the proactor loop, which is the usual one on Windows
        else:
            return _DescriptorWatcher(loop, number)
    return _ThreadWatcher(loop, ready, wake)


class _DescriptorWatcher:
    """The loop watches the descriptor itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop, number: int) -> None:
        self._loop = loop
        self._number = number

    def close(self) -> None:
        if not self._loop.is_closed():
            self._loop.remove_reader(self._number)


class _ThreadWatcher:
    """A thread waits for the signal, for a loop that cannot watch descriptors."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, ready: _native.Ready, wake: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._ready = ready
        self._wake = wake
        self._closed = False
        # The signal stays up until the loop lowers it; waiting again before that would spin.
        self._lowered = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name="m531x-aio", daemon=True)
        _thread_watchers.add(self)
        self._thread.start()

    def close(self) -> None:
        self._closed = True
        self._ready.close()
        self._lowered.release()

    def close_and_join(self) -> None:
        self.close()
        self._thread.join(1.0)

    def _run(self) -> None:
        while self._ready.wait():
            try:
                self._loop.call_soon_threadsafe(self._woken)
            except RuntimeError:
                return  # the loop is closed
            self._lowered.acquire()

    def _woken(self) -> None:
        if not self._closed:
            self._wake()
        self._lowered.release()


_thread_watchers: weakref.WeakSet[_ThreadWatcher] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Ends the threads before the interpreter shuts down."""
    for watcher in list(_thread_watchers):
        watcher.close_and_join()
