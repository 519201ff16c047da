"""Warns of callbacks that do not return.

The thread that would log it is the one that is held up, so a thread of the process looks after the
dispatchers of all modems. It starts with the first callback, ends with the last modem, and sleeps
while nothing is called.
"""

from __future__ import annotations

import os
import threading
from typing import Protocol

__all__ = ["PERIOD_S", "enter", "leave", "register", "unregister"]

# A callback that is running at two looks in a row is reported.
PERIOD_S = 5.0
# So many looks at nothing, and the thread sleeps until something is called again.
_IDLE_LOOKS = 12


class Watched(Protocol):
    """A thread that calls callbacks."""

    def current(self) -> object:
        """What it is handling, a new object for each; None between two."""

    def held_up(self, item: object, seconds: float) -> None:
        """Called once for an item that takes this long."""


class _Watch:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open = 0
        self._busy: set[Watched] = set()
        self._asleep = False
        self._thread: threading.Thread | None = None

    def register(self) -> None:
        with self._changed:
            self._open += 1

    def unregister(self) -> None:
        with self._changed:
            self._open -= 1
            thread = self._thread
            if self._open > 0 or thread is None:
                return
            self._thread = None
            self._changed.notify_all()
        if thread is not threading.current_thread():
            thread.join(1.0)

    def enter(self, watched: Watched) -> None:
        with self._changed:
            self._busy.add(watched)
            if self._thread is None and self._open:
                self._thread = threading.Thread(target=self._run, name="m531x-watch", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # no thread can start, and callbacks must run all the same
                    self._thread = None
            elif self._asleep:
                self._changed.notify_all()

    def leave(self, watched: Watched) -> None:
        with self._changed:
            self._busy.discard(watched)

    def _run(self) -> None:
        seen: dict[Watched, tuple[object, int]] = {}
        idle = 0
        while self._wait(idle):
            with self._changed:
                busy = list(self._busy)
            idle = 0 if busy else idle + 1
            looks: dict[Watched, tuple[object, int]] = {}
            for watched in busy:
                item = watched.current()
                before, count = seen.get(watched, (None, 0))
                if item is not None:
                    count = count + 1 if item is before else 0
                    looks[watched] = (item, count)
                    if count == 1:
                        watched.held_up(item, PERIOD_S)
            seen = looks
            del busy, looks

    def _wait(self, idle: int) -> bool:
        """Waits for the next look; false when the thread is to end."""
        with self._changed:
            if idle < _IDLE_LOOKS:
                self._changed.wait(PERIOD_S)
            else:
                self._asleep = True
                self._changed.wait_for(lambda: self._busy or not self._is_wanted())
                self._asleep = False
            return self._is_wanted()

    def _is_wanted(self) -> bool:
        return self._thread is threading.current_thread()


_watch = _Watch()


def register() -> None:
    """Counts a dispatcher that may call `enter` from now on."""
    _watch.register()


def unregister() -> None:
    """Ends the thread with the last of them."""
    _watch.unregister()


def enter(watched: Watched) -> None:
    """A dispatcher begins to call callbacks."""
    _watch.enter(watched)


def leave(watched: Watched) -> None:
    """It has called them all."""
    _watch.leave(watched)


def _after_fork() -> None:
    # The child has no such thread, and the lock may be held forever.
    global _watch
    _watch = _Watch()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
