"""The bounded store of the messages that no callback took."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from m531x._native import Message
from m531x._store import Store

__all__ = ["Inbox"]


class Inbox:
    """Keeps messages in order until somebody reads them; any thread may call every method."""

    def __init__(self, limit: int, overflow: str) -> None:
        """Keeps at most `limit` messages; `overflow` is as for `m531x.Modem`."""
        self._limit = limit
        self._overflow = overflow
        self._changed = threading.Condition(threading.Lock())
        self._store = Store()
        self._ended = False
        self._error: BaseException | None = None
        self.dropped: int = 0

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._store)

    def put(self, messages: Iterable[tuple[Message, tuple[str, ...]]]) -> None:
        """Stores messages, each with the filters that it matches.

        Waits for room if the store is full and the policy is to block.
        """
        with self._changed:
            for entry in messages:
                if self._store.is_full(self._limit) and not self._make_room():
                    continue
                self._store.push(*entry)
            self._changed.notify_all()

    def take(self, filter_: str | None, timeout: float | None) -> Message | None:
        """Takes the oldest message, or the oldest that matches the filter.

        Returns:
            None if none came within `timeout` seconds, or when none will come any more.

        Raises:
            M531xError: What ended the stream of messages, if that was not `close`.
        """
        with self._changed:
            deadline = None if timeout is None else time.monotonic() + timeout
            while True:
                message = self._pop(filter_)
                if message is not None:
                    return message
                if self._ended:
                    if self._error is not None:
                        raise self._error
                    return None
                remaining = None
                if deadline is not None:
                    remaining = min(deadline - time.monotonic(), threading.TIMEOUT_MAX)
                    if remaining <= 0:
                        return None
                self._changed.wait(remaining)

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more will come; readers get what is left, and then the error or the end."""
        with self._changed:
            if not self._ended:
                self._ended = True
                self._error = error
                self._changed.notify_all()

    def _make_room(self) -> bool:
        if self._overflow == "drop_newest":
            self.dropped += 1
            return False
        if self._overflow == "drop_oldest":
            while self._store.is_full(self._limit):
                self._pop(None)
                self.dropped += 1
            return True
        # What is there already must be seen before this thread waits for its readers.
        self._changed.notify_all()
        while self._store.is_full(self._limit) and not self._ended:
            self._changed.wait()
        return not self._ended

    def _pop(self, filter_: str | None) -> Message | None:
        was_full = self._store.is_full(self._limit)
        message = self._store.pop(filter_)
        if was_full and not self._store.is_full(self._limit):
            self._changed.notify_all()
        return message
