"""The routes of messages to callbacks; the native module keeps the messages without one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from typing import Protocol

from m531x import _native
from m531x._native import Message

__all__ = ["MessageCallback", "Routes"]

MessageCallback = Callable[[Message], object]

# Enough topics for every device of a gateway, at little cost in memory.
_KEPT = 4096


class _Mailbox(Protocol):
    """The native modem, which has to know which messages are for callbacks."""

    def route(self, topic_filter: str, called: bool) -> None: ...
    def unroute(self, topic_filter: str) -> None: ...
    def route_others(self, called: bool) -> None: ...


class Routes:
    """Finds and caches the callbacks of every topic; any thread may call every method.

    Attributes:
        known: The cached callbacks. A change of a subscription or of the default replaces the cache
            as a whole: what was found among the old subscriptions then enters the old cache, which
            is no longer read.
    """

    def __init__(self) -> None:
        """Starts without subscriptions."""
        self.known: dict[str, tuple[MessageCallback, ...]] = {}
        self._lock = threading.Lock()
        self._subscribed: dict[str, MessageCallback | None] = {}
        self._default: MessageCallback | None = None
        self._mailbox: _Mailbox | None = None

    def bind(self, mailbox: _Mailbox) -> None:
        """Has the native modem sort its messages accordingly, from now on."""
        with self._lock:
            self._mailbox = mailbox
            for filter_, callback in self._subscribed.items():
                mailbox.route(filter_, callback is not None)
            mailbox.route_others(self._default is not None)

    @property
    def default(self) -> MessageCallback | None:
        """The callback for messages that no subscription's callback takes."""
        return self._default

    @default.setter
    def default(self, callback: MessageCallback | None) -> None:
        with self._lock:
            self._default = callback
            self.known = {}
            if self._mailbox is not None:
                self._mailbox.route_others(callback is not None)

    def add(self, filter_: str, callback: MessageCallback | None) -> None:
        """Routes messages that match the filter to the callback, or to readers."""
        with self._lock:
            self._subscribed[filter_] = callback
            self.known = {}
            if self._mailbox is not None:
                self._mailbox.route(filter_, callback is not None)

    def remove(self, filter_: str) -> None:
        """Removes the filter; ignores an unknown one."""
        with self._lock:
            self._subscribed.pop(filter_, None)
            self.known = {}
            if self._mailbox is not None:
                self._mailbox.unroute(filter_)

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

    def find(self, topic: str) -> tuple[MessageCallback, ...]:
        """Finds the callbacks of a topic that is not in the cache."""
        with self._lock:
            matching = [f for f in self._subscribed if _native.topic_matches(f, topic)]
            callbacks = [self._subscribed[f] for f in matching]
            known = self.known
            default = self._default
        called = tuple(callback for callback in callbacks if callback is not None)
        if not called and default is not None:
            called = (default,)
        if len(known) >= _KEPT:
            known.clear()
        known[topic] = called
        return called
