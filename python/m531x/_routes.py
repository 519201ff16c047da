"""The routes of messages to callbacks and readers; the native module keeps what is to be read.

Every subscription has a route of its own. The callbacks of one filter share the filter's place in
the native mailbox, and so does a reader that is alone; each further reader gets copies.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Generator
from contextvars import ContextVar
from typing import Protocol

from m531x import _native
from m531x._errors import ClosedError
from m531x._native import Message

__all__ = ["MessageCallback", "Route", "Routes"]

MessageCallback = Callable[[Message], object]

# The routes and the call of `on_connect` that this code runs in, if any.
_round: ContextVar[tuple[Routes, int] | None] = ContextVar("m531x_on_connect", default=None)

# Enough topics for every device of a gateway, at little cost in memory.
_KEPT = 4096


class _Mailbox(Protocol):
    """The native modem, which has to know which messages are for callbacks."""

    def route(self, topic_filter: str, called: bool) -> None: ...
    def route_copy(self, topic_filter: str, called: bool) -> str: ...
    def unroute(self, topic_filter: str) -> None: ...
    def route_others(self, called: bool) -> None: ...


class Route:
    """What one subscription gets.

    Attributes:
        filter: The topic filter.
        callback: The callback; None is a reader.
        place: Where in the mailbox the messages for a reader wait.
        earlier: The place that it had until a callback took it, while messages may wait there.
        subscribed: Whether the broker was asked for the filter, and not only a callback set.
        live: Whether it still gets messages.
        qos: The QoS that its subscription wants.
        round: The call of ``on_connect`` that has registered the callback, if one has.
    """

    def __init__(self, filter_: str, callback: MessageCallback | None, subscribed: bool) -> None:
        """A route without a place yet."""
        self.filter = filter_
        self.callback = callback
        self.place: str | None = None
        self.earlier: str | None = None
        self.subscribed = subscribed
        self.live = True
        self.qos = 0
        self.round: int | None = None
        self._reader: weakref.ref[object] | None = None

    def belongs_to(self, reader: object) -> None:
        """Ties it to the subscription that reads it, without keeping that alive."""
        self._reader = weakref.ref(reader)

    def take_earlier(self, take: Callable[[str], Message | None]) -> Message | None:
        """Takes what waits in the earlier place, which gets no new messages, and then leaves it."""
        if self.earlier is None:
            return None
        # The filter's own place may be gone since.
        with contextlib.suppress(ClosedError):
            message = take(self.earlier)
            if message is not None:
                return message
        self.earlier = None
        return None

    def ended(self) -> ClosedError:
        """The error of reading it after its end."""
        return ClosedError(f"the subscription of {self.filter!r} has ended: subscribe again")

    def is_forgotten(self) -> bool:
        """Whether the reader is gone."""
        return self.callback is None and self._reader is not None and self._reader() is None


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
        self._of_filter: dict[str, list[Route]] = {}
        self._default: MessageCallback | None = None
        self._rounds = 0
        self._mailbox: _Mailbox | None = None

    def bind(self, mailbox: _Mailbox) -> None:
        """Has the native modem sort its messages accordingly, from now on."""
        with self._lock:
            self._mailbox = mailbox
            for filter_ in self._of_filter:
                mailbox.route(filter_, True)  # callbacks that were set before the port was opened
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

    def add(
        self, filter_: str, callback: MessageCallback | None, *, subscribed: bool = True
    ) -> Route:
        """Gives messages that match the filter to the callback too, or to a further reader.

        A callback that the filter has already gets each message once. One that `on_connect` adds
        takes the place of one that an earlier call of it has added.
        """
        with self._lock:
            routes = self._of_filter.setdefault(filter_, [])
            self._forget_readers(routes)
            this_round = self._this_round()
            route = None if callback is None else _same(routes, callback)
            if route is not None:
                route.subscribed |= subscribed
            elif callback is not None and this_round is not None:
                route = _of_earlier_round(routes, this_round, subscribed)
            if route is None:
                route = Route(filter_, callback, subscribed)
                self._place(route, routes)
                routes.append(route)
                route.round = this_round
            elif this_round is None or route.round is not None:
                route.round = this_round
            route.callback = callback
            self.known = {}
            return route

    @contextlib.contextmanager
    def round_of_on_connect(self) -> Generator[None]:
        """A call of `on_connect`, whose callbacks take the places of those of the call before."""
        with self._lock:
            self._rounds += 1
            token = _round.set((self, self._rounds))
        try:
            yield
        finally:
            _round.reset(token)

    def remove(self, route: Route) -> None:
        """Removes a route; ignores one that was removed."""
        with self._lock:
            routes = self._of_filter.get(route.filter, [])
            if route not in routes:
                return
            routes.remove(route)
            self.known = {}
            self._displace(route, routes)
            if not routes:
                del self._of_filter[route.filter]

    def remove_subscribed(self, filter_: str) -> None:
        """Removes the routes of all subscriptions of a filter."""
        for route in list(self._of_filter.get(filter_, [])):
            if route.subscribed:
                self.remove(route)

    def remove_callback(self, filter_: str) -> None:
        """Removes what was added without a subscription."""
        for route in list(self._of_filter.get(filter_, [])):
            if not route.subscribed:
                self.remove(route)

    def is_last(self, route: Route) -> bool:
        """Whether no other subscription has the filter."""
        with self._lock:
            routes = self._of_filter.get(route.filter, [])
            return not any(
                other is not route and other.subscribed and not other.is_forgotten()
                for other in routes
            )

    def wanted_qos(self, filter_: object, qos: int, callback: MessageCallback | None) -> int:
        """The QoS to ask the broker for, which has one for all subscriptions of a filter.

        A subscription of the same callback takes the place of the earlier one.
        """
        if not isinstance(filter_, str):
            return qos  # the native module refuses it by its type
        with self._lock:
            others = [
                route.qos
                for route in self._of_filter.get(filter_, [])
                if route.subscribed
                and not route.is_forgotten()
                and (callback is None or route.callback != callback)
            ]
        return max([qos, *others])

    @contextlib.contextmanager
    def being_subscribed(
        self, filter_: str, qos: int, callback: MessageCallback | None
    ) -> Generator[Route]:
        """Routes the filter from now on, and as before if the subscription fails.

        Retained messages may arrive ahead of the acknowledgement.
        """
        with self._lock:
            routes = self._of_filter.get(filter_, [])
            before = {route: (route.callback, route.round) for route in routes}
        route = self.add(filter_, callback)
        try:
            yield route
            route.qos = qos
        except BaseException:
            if route not in before:
                self.remove(route)
            else:
                with self._lock:
                    route.callback, route.round = before[route]
                    self.known = {}
            raise

    def find(self, topic: str) -> tuple[MessageCallback, ...]:
        """Finds the callbacks of a topic that is not in the cache."""
        with self._lock:
            callbacks = [
                route.callback
                for filter_, routes in self._of_filter.items()
                if _native.topic_matches(filter_, topic)
                for route in routes
            ]
            known = self.known
            default = self._default
        called = tuple(callback for callback in callbacks if callback is not None)
        if not called and default is not None:
            called = (default,)
        if len(known) >= _KEPT:
            known.clear()
        known[topic] = called
        return called

    def _this_round(self) -> int | None:
        of, number = _round.get() or (None, None)
        return number if of is self else None

    def _place(self, route: Route, others: list[Route]) -> None:
        """Adds to the mailbox a route that is new among others of its filter."""
        mailbox, filter_ = self._mailbox, route.filter
        if mailbox is None:
            return
        if route.callback is None:
            if others:
                route.place = mailbox.route_copy(filter_, False)
            else:
                route.place = filter_
                mailbox.route(filter_, False)
            return
        for other in others:
            if other.place == filter_:
                # It read the place that is now the callbacks', and reads on in copies.
                other.earlier, other.place = filter_, mailbox.route_copy(filter_, True)
                return
        mailbox.route(filter_, True)

    def _displace(self, route: Route, others: list[Route]) -> None:
        """Removes from the mailbox a route that is gone from among others of its filter."""
        route.live = False
        mailbox, filter_ = self._mailbox, route.filter
        if mailbox is None:
            return
        if route.callback is None:
            if route.place is not None:
                mailbox.unroute(route.place)
        elif not any(other.callback is not None for other in others):
            mailbox.unroute(filter_)

    def _forget_readers(self, routes: list[Route]) -> None:
        """Drops readers whose subscription the program has forgotten, with what waits for them."""
        for route in [route for route in routes if route.is_forgotten()]:
            routes.remove(route)
            self._displace(route, routes)


def _same(routes: list[Route], callback: MessageCallback) -> Route | None:
    return next((route for route in routes if route.callback == callback), None)


def _of_earlier_round(routes: list[Route], this_round: int, subscribed: bool) -> Route | None:
    return next(
        (
            route
            for route in routes
            if route.round not in (None, this_round) and route.subscribed == subscribed
        ),
        None,
    )
