"""The messages that nobody has read yet, in order."""

from __future__ import annotations

from collections import OrderedDict

from m531x._native import Message

__all__ = ["Store"]


_MOST_BYTES = 16 << 20


class Store:
    """Keeps messages for readers of everything and for readers of one filter; not locked.

    A message is stored once. Every filter that it matches has an index of its own into the store,
    so that reading by filter costs no search, and who reads first gets the message.
    """

    def __init__(self) -> None:
        """Empty."""
        self._entries: OrderedDict[int, tuple[Message, tuple[str, ...]]] = OrderedDict()
        self._by_filter: dict[str, OrderedDict[int, None]] = {}
        self._next = 0
        self._bytes = 0

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._entries)

    def is_full(self, limit: int) -> bool:
        """Whether so many messages wait, or 16 MiB (a kilobyte for each if that is more)."""
        return len(self._entries) >= limit or self._bytes >= max(_MOST_BYTES, 1024 * limit)

    def push(self, message: Message, filters: tuple[str, ...]) -> None:
        """Adds the newest message with the filters that it matches."""
        self._entries[self._next] = (message, filters)
        self._bytes += len(message.payload)
        for filter_ in filters:
            self._by_filter.setdefault(filter_, OrderedDict())[self._next] = None
        self._next += 1

    def pop(self, filter_: str | None) -> Message | None:
        """Takes the oldest message, or the oldest that matches the filter; None without one."""
        if filter_ is None:
            if not self._entries:
                return None
            number, (message, filters) = self._entries.popitem(last=False)
        else:
            index = self._by_filter.get(filter_)
            if not index:
                return None
            number = next(iter(index))
            message, filters = self._entries.pop(number)
        self._bytes -= len(message.payload)
        for other in filters:
            index = self._by_filter[other]
            del index[number]
            if not index:
                del self._by_filter[other]
        return message
