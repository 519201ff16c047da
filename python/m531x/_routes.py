"""The routes of messages to callbacks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from typing import NamedTuple

from m531x._native import Message, topic_matches

__all__ = ["MessageCallback", "Route", "Routes"]

MessageCallback = Callable[[Message], object]

# Enough topics for every device of a gateway, at little cost in memory.
_KEPT = 4096


class Route(NamedTuple):
    """The route of one topic: its callbacks, or without any the readers of these filters."""

    callbacks: tuple[MessageCallback, ...]
    filters: tuple[str, ...]


class Routes:
    """Finds and caches the route of every topic; any thread may call every method.

    Attributes:
        known: The cached routes. A change of a subscription or of the default replaces the cache
            as a whole: a route that was found among the old subscriptions then enters the old
            cache, which is no longer read.
    """

    def __init__(self) -> None:
        """Starts without subscriptions."""
        self.known: dict[str, Route] = {}
        self._lock = threading.Lock()
        self._subscribed: dict[str, MessageCallback | None] = {}
        self._default: MessageCallback | None = None

    @property
    def default(self) -> MessageCallback | None:
        """The callback for messages that no subscription's callback takes."""
        return self._default

    @default.setter
    def default(self, callback: MessageCallback | None) -> None:
        with self._lock:
            self._default = callback
            self.known = {}

    def add(self, filter_: str, callback: MessageCallback | None) -> None:
        """Routes messages that match the filter to the callback, or to readers."""
        with self._lock:
            self._subscribed[filter_] = callback
            self.known = {}

    def remove(self, filter_: str) -> None:
        """Removes the filter; ignores an unknown one."""
        with self._lock:
            self._subscribed.pop(filter_, None)
            self.known = {}

    @contextlib.contextmanager
    def being_subscribed(self, filter_: str, callback: MessageCallback | None) -> Generator[None]:
        """Routes the filter from now on, and as before if the subscription fails.

        Retained messages may arrive ahead of the acknowledgement.
        """
        with self._lock:
            known = filter_ in self._subscribed
            before = self._subscribed.get(filter_)
        self.add(filter_, callback)
        try:
            yield
        except BaseException:
            if known:
                self.add(filter_, before)
            else:
                self.remove(filter_)
            raise

    def find(self, topic: str) -> Route:
        """Finds the route of a topic that is not in the cache."""
        with self._lock:
            matching = [f for f in self._subscribed if topic_matches(f, topic)]
            callbacks = [self._subscribed[f] for f in matching]
            known = self.known
            default = self._default
        called = tuple(callback for callback in callbacks if callback is not None)
        if not called and default is not None:
            called = (default,)
        route = Route(called, tuple(matching))
        if len(known) >= _KEPT:
            known.clear()
        known[topic] = route
        return route
