"""What waits for the loop of a `Client`: the calls of its callbacks, in order."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from typing import Final

__all__ = ["LoopQueue"]

# So many messages wait here; further ones wait in the mailbox of the modem, which has its bounds.
_MESSAGES: Final = 1000


class LoopQueue:
    """Calls in order; any thread may call every method."""

    def __init__(self) -> None:
        """Starts empty."""
        self._condition = threading.Condition()
        self._calls: deque[tuple[Callable[[], None], bool]] = deque()
        self._messages = 0
        self._open = False
        self._wakes = 0
        self._taker: int | None = None

    @property
    def taker(self) -> int | None:
        """The thread in which the loop runs; None while none runs."""
        return self._taker

    @contextlib.contextmanager
    def taken_here(self) -> Generator[None]:
        """Notes that the loop runs in this thread."""
        before, self._taker = self._taker, threading.get_ident()
        try:
            yield
        finally:
            self._taker = before

    def open(self) -> None:
        """Lets messages wait here."""
        with self._condition:
            self._open = True

    def close(self) -> None:
        """Ends the waits of `put_message`; no further message comes."""
        with self._condition:
            self._open = False
            self._condition.notify_all()

    def put(self, call: Callable[[], None]) -> None:
        """Appends a call."""
        with self._condition:
            self._calls.append((call, False))
            self._condition.notify_all()

    def put_message(self, call: Callable[[], None]) -> None:
        """Appends the call for a message, as soon as there is room; drops it once closed."""
        with self._condition:
            while self._open and self._messages >= _MESSAGES:
                self._condition.wait()
            if self._open:
                self._messages += 1
                self._calls.append((call, True))
                self._condition.notify_all()

    def wake(self) -> None:
        """Ends the waits of `get`."""
        with self._condition:
            self._wakes += 1
            self._condition.notify_all()

    def get(self, timeout: float) -> Callable[[], None] | None:
        """Takes the next call; None if none comes in time, or at `wake`."""
        until = time.monotonic() + timeout
        with self._condition:
            wakes = self._wakes
            while not self._calls:
                left = until - time.monotonic()
                if left <= 0 or self._wakes != wakes:
                    return None
                self._condition.wait(left)
            call, message = self._calls.popleft()
            if message:
                self._messages -= 1
                self._condition.notify_all()
            return call
