"""A subscription, and the iterator over messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from m531x import _native
from m531x._base import SubscriptionBase
from m531x._errors import ClosedError, OperationCancelledError
from m531x._fork import is_invalidated
from m531x._half_built import shows_half_built
from m531x._native import Message
from m531x._routes import Route

__all__ = ["MessageIterator", "Subscription"]


class _Modem(Protocol):
    """The part of the modem that reading and a subscription need."""

    _native: _native.Modem

    def _unsubscribe(self, route: Route) -> None: ...
    def _messages(self, route: Route | None, timeout: float | None) -> Iterator[Message]: ...
    def _receive(self, route: Route | None, timeout: float | None) -> Message: ...
    def subscriptions(self) -> list[str]: ...


class MessageIterator:
    """Yields messages as they arrive; ends after the timeout without one.

    It also ends at ``unsubscribe()``, ``disconnect()`` and ``close()``, behind what has arrived.
    """

    def __init__(self, modem: _Modem, route: Route | None, timeout: float | None) -> None:
        """``messages()`` makes it."""
        self._modem = modem
        self._route = route
        self._timeout = timeout
        self._since = modem._native.reads_ended()

    def __iter__(self) -> Iterator[Message]:
        """Itself."""
        return self

    def __next__(self) -> Message:
        """The next message."""
        route = self._route
        try:
            # As `take`, at once: a call less is one in twenty of the time that a message costs.
            if route is not None and route.earlier is None and route.live:
                message = self._modem._native.take(route.place, self._timeout, self._since)
            else:
                message = self.take()
        except ClosedError:
            if is_invalidated(self._modem._native):
                raise
            raise StopIteration from None
        except OperationCancelledError:
            raise StopIteration from None
        if message is None:
            raise StopIteration
        return message

    def take(self) -> Message | None:
        """Takes the next message that no callback takes, of the route or of any.

        Returns:
            None if none came in time.

        Raises:
            ClosedError: The modem is closed, or the subscription has ended, and nothing is left.
            OperationCancelledError: The connection was ended, and nothing is left.
            M531xError: What else ended the stream of messages.
        """
        native, route = self._modem._native, self._route
        if route is None:
            return native.take(None, self._timeout, self._since)
        if route.earlier is not None:
            message = route.take_earlier(native.take_now)
            if message is not None:
                return message
        if not route.live:
            raise route.ended()
        return native.take(route.place, self._timeout, self._since)


@shows_half_built
class Subscription(SubscriptionBase):
    """A subscription, as `Modem.subscribe` returns it.

    Several subscriptions of one filter each get every message.

    Examples:
        >>> import m531x
        >>> with m531x.Modem("virtual://") as modem:
        ...     _ = modem.connect("broker.example", client_id="meter-17")
        ...     rooms, meters = modem.subscribe("room/#"), modem.subscribe("meter/#", qos=1)
        ...     for topic in ("room/1", "meter/17"):
        ...         _ = modem.publish(topic, "x")
        ...     print(meters.receive(timeout=5).topic, rooms.receive(timeout=5).topic)
        ...     meters.unsubscribe()
        ...     print(meters.live, modem.subscriptions())
        meter/17 room/1
        False ['room/#']

    Attributes:
        topic: The topic filter.
        granted_qos: The QoS that the broker granted, which may be lower than requested.
        hex: Whether the module prints the payloads as hex (they are decoded here).
    """

    _modem: _Modem

    def __repr__(self) -> str:
        """The filter and the granted QoS."""
        return f"<m531x.Subscription {self.topic!r} granted_qos={self.granted_qos}>"

    def unsubscribe(self) -> None:
        """Ends the subscription; the last one of its filter ends it at the broker too.

        If it has ended already, nothing happens.

        Raises:
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            ModemTimeoutError: The broker did not acknowledge.
        """
        self._modem._unsubscribe(self._route)

    def receive(self, timeout: float | None = None) -> Message:
        """Waits for the next message that matches this subscription.

        Args:
            timeout: Seconds to wait; None waits indefinitely, 0 takes one that has arrived already.

        Returns:
            The message.

        Raises:
            ModemTimeoutError: No message came in time.
            InvalidArgumentError: The subscription has a callback, which gets its messages.
            NotConnectedError: `Modem.disconnect` was called meanwhile.
            ClosedError: The subscription has ended, or the modem is closed.
        """
        self._require_no_callback()
        return self._modem._receive(self._route, timeout)

    def messages(self, timeout: float | None = None) -> Iterator[Message]:
        """Iterates over the messages that match this subscription.

        A message that matches several filters waits once for the readers of all of them and of
        `Modem.messages`: the first one gets it.

        Args:
            timeout: Seconds to wait for each message; the iteration ends without one. None waits
                until `unsubscribe`, `Modem.disconnect` or `Modem.close`; 0 yields messages that
                have arrived already.

        Raises:
            InvalidArgumentError: The subscription has a callback, which gets its messages.
            ClosedError: The modem is closed.
        """
        self._require_no_callback()
        return self._modem._messages(self._route, timeout)
