"""The thread that takes what arrives and hands it to callbacks, or to the inbox.

The native module fills one bounded queue and never calls into Python. One thread per modem drains
that queue in batches, with the interpreter free while it waits, and runs the callbacks in the order
of arrival. It runs for as long as the modem is open, also when there is nothing to call: events
that nobody takes would otherwise fill the queue, and a full queue stops the reading of the port.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from m531x import _native
from m531x._errors import ClosedError, M531xError
from m531x._native import Message
from m531x.filters import topic_matches
from m531x.inbox import Inbox
from m531x.types import Event, EventKind

if TYPE_CHECKING:
    from m531x.delivery import Delivery

__all__ = ["Dispatcher", "MessageCallback"]

MessageCallback = Callable[[Message], object]

_BATCH = 512
# Enough for every device of a gateway, little enough to never matter.
_ROUTES_KEPT = 4096
# How long close() waits for a callback that does not return: longer would be a deadlock for a
# callback that itself waits for the thread that closes.
_LAST_CALLBACK_S = 1.0


class _Route(NamedTuple):
    callbacks: tuple[MessageCallback, ...]
    filters: tuple[str, ...]


class Dispatcher:
    """Routes the messages and events of one modem; every method may be called by any thread."""

    def __init__(self, native: _native.Modem, queue_size: int, overflow: str) -> None:
        """Starts no thread yet."""
        self._native = native
        self._inbox = Inbox(queue_size, overflow)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="m531x-dispatcher", daemon=True)
        self._stopped = False
        self._subscribed: dict[str, MessageCallback | None] = {}
        # Replaced, never changed in place, when a subscription or on_message changes: a route that
        # was worked out from the old ones is then stored where nobody looks.
        self._routes: dict[str, _Route] = {}
        self._deliveries: dict[int, Delivery] = {}
        self._on_message: MessageCallback | None = None
        self.on_connect: Callable[[], object] | None = None
        self.on_disconnect: Callable[[str], object] | None = None
        self.on_event: Callable[[Event], object] | None = None
        self.callback_errors = 0

    @property
    def on_message(self) -> MessageCallback | None:
        """The callback for messages that no subscription's callback takes."""
        return self._on_message

    @on_message.setter
    def on_message(self, callback: MessageCallback | None) -> None:
        with self._lock:
            self._on_message = callback
            self._routes = {}

    @property
    def queued(self) -> int:
        """How many messages wait for ``messages()``."""
        return len(self._inbox)

    @property
    def dropped(self) -> int:
        """How many messages were dropped here because nobody read them."""
        return self._inbox.dropped

    def add(self, filter_: str, callback: MessageCallback | None) -> None:
        """Routes what matches the filter to the callback, or to the inbox."""
        with self._lock:
            self._subscribed[filter_] = callback
            self._routes = {}

    def remove(self, filter_: str) -> None:
        """Forgets the filter; unknown ones are ignored."""
        with self._lock:
            self._subscribed.pop(filter_, None)
            self._routes = {}

    def callback_of(self, filter_: str) -> MessageCallback | None:
        """The callback of a filter."""
        return self._subscribed.get(filter_)

    def knows(self, filter_: str) -> bool:
        """Whether the filter is routed."""
        return filter_ in self._subscribed

    def watch(self, delivery: Delivery) -> None:
        """Runs the callbacks of the delivery when it is done."""
        token = delivery.native.token
        with self._lock:
            if token in self._deliveries:
                return
            self._deliveries[token] = delivery
        delivery.native.watch()

    def start(self) -> None:
        """Starts the thread; to be called once."""
        self._thread.start()

    def take(self, filter_: str | None, timeout: float | None) -> Message | None:
        """Takes a message that no callback took; None if none came within the time."""
        return self._inbox.take(filter_, timeout)

    def stop(self) -> None:
        """Ends the thread, after the callback that is running; the native modem must be closed."""
        self._stopped = True
        self._inbox.end()
        if self._thread is not threading.current_thread():
            self._thread.join(_LAST_CALLBACK_S)

    def _run(self) -> None:
        native = self._native
        try:
            while not self._stopped:
                self._dispatch(native.recv_batch(_BATCH, None))
        except ClosedError:
            self._inbox.end()
        except M531xError as error:
            self._inbox.end(error)
        finally:
            # The end of the modem ended them all: each callback runs once, whatever the outcome.
            for token in list(self._deliveries):
                self._finish_delivery(token)

    def _dispatch(self, batch: list[Message | tuple[int, int, str, float] | int]) -> None:
        loose: list[tuple[Message, tuple[str, ...]]] = []
        routes: dict[str, _Route] | None = None
        topic = ""
        callbacks: tuple[MessageCallback, ...] = ()
        filters: tuple[str, ...] = ()
        for item in batch:
            if type(item) is Message:
                # Messages of one topic in a row share its text; most streams are of few topics.
                if item.topic is not topic or self._routes is not routes:
                    topic, routes = item.topic, self._routes
                    callbacks, filters = routes.get(topic) or self._find_route(topic)
                if not callbacks:
                    loose.append((item, filters))
                    continue
                if loose:
                    self._inbox.put(loose)
                    loose = []
                for callback in callbacks:
                    try:
                        callback(item)
                    except BaseException:
                        self._report()
                    if self._stopped:
                        return
            else:
                if loose:
                    self._inbox.put(loose)
                    loose = []
                if type(item) is int:
                    self._finish_delivery(item)
                elif type(item) is tuple:
                    self._tell(item)
                if self._stopped:
                    return
        if loose:
            self._inbox.put(loose)

    def _find_route(self, topic: str) -> _Route:
        with self._lock:
            matching = [f for f in self._subscribed if topic_matches(f, topic)]
            callbacks = [self._subscribed[f] for f in matching]
            routes = self._routes
            on_message = self._on_message
        called = tuple(callback for callback in callbacks if callback is not None)
        if not called and on_message is not None:
            called = (on_message,)
        route = _Route(called, tuple(matching))
        if len(routes) >= _ROUTES_KEPT:
            routes.clear()
        routes[topic] = route
        return route

    def _tell(self, raw: tuple[int, int, str, float]) -> None:
        kind, value, text, timestamp = raw
        if kind == EventKind.CONNECTED and self.on_connect is not None:
            self._call(self.on_connect)
        elif kind == EventKind.DISCONNECTED and self.on_disconnect is not None:
            self._call(self.on_disconnect, text)
        if self.on_event is not None and not self._stopped:
            self._call(self.on_event, Event(EventKind(kind), value, text, timestamp))

    def _finish_delivery(self, token: int) -> None:
        with self._lock:
            delivery = self._deliveries.pop(token, None)
        if delivery is not None:
            for callback in delivery.take_callbacks():
                self._call(callback, delivery)

    def _call(self, callback: Callable[..., object], *args: Any) -> None:
        try:
            callback(*args)
        except BaseException:
            self._report()

    def _report(self) -> None:
        """Tells of a callback's exception the way Python tells of a thread's, and goes on."""
        self.callback_errors += 1
        threading.excepthook(
            threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread()))
        )
