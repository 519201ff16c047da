"""A subscription, and the iterator over messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from m531x._base import SubscriptionBase
from m531x._dispatcher import Dispatcher
from m531x._native import Message

__all__ = ["MessageIterator", "Subscription"]


class _Modem(Protocol):
    """The part of the modem that a subscription needs."""

    def unsubscribe(self, topic: str) -> None: ...
    def _messages(self, filter_: str | None, timeout: float | None) -> Iterator[Message]: ...


class MessageIterator:
    """Yields messages as they arrive; ends after the timeout without one, or at ``close()``."""

    def __init__(self, dispatcher: Dispatcher, filter_: str | None, timeout: float | None) -> None:
        """``messages()`` makes it."""
        self._dispatcher = dispatcher
        self._filter = filter_
        self._timeout = timeout

    def __iter__(self) -> Iterator[Message]:
        """Itself."""
        return self

    def __next__(self) -> Message:
        """The next message."""
        message = self._dispatcher.take(self._filter, self._timeout)
        if message is None:
            raise StopIteration
        return message


class Subscription(SubscriptionBase):
    """A subscription, as `Modem.subscribe` returns it.

    Example:
        >>> import m531x
        >>> with m531x.Modem("virtual://") as modem:
        ...     modem.connect("broker.example", client_id="meter-17")
        ...     rooms, meters = modem.subscribe("room/#"), modem.subscribe("meter/#", qos=1)
        ...     for topic in ("room/1", "meter/17"):
        ...         _ = modem.publish(topic, "x")
        ...     print(next(meters.messages(timeout=5)).topic, next(rooms.messages(timeout=5)).topic)
        ...     meters.unsubscribe()
        ...     print(modem.subscriptions())
        meter/17 room/1
        ['room/#']

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
        """Ends the subscription; the same as ``modem.unsubscribe(subscription.topic)``.

        Raises:
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            ModemTimeoutError: The broker did not acknowledge.
        """
        self._modem.unsubscribe(self.topic)

    def messages(self, timeout: float | None = None) -> Iterator[Message]:
        """Iterates over the messages that match this subscription and that no callback takes.

        Of several readers of a message (another subscription that it matches, `Modem.messages`)
        the first one gets it.

        Args:
            timeout: Seconds to wait for each message; the iteration ends without one. None waits
                indefinitely, 0 yields messages that have arrived already.

        Raises:
            InvalidArgumentError: The subscription has a callback, which gets its messages.
            ClosedError: The modem is closed.
        """
        self._require_no_callback()
        return self._modem._messages(self.topic, timeout)
