"""A subscription, and the asynchronous iterator over messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from m531x._base import SubscriptionBase
from m531x._errors import ClosedError, OperationCancelledError
from m531x._half_built import shows_half_built
from m531x._native import Message
from m531x._routes import Route
from m531x.aio._receiver import Receiver

__all__ = ["MessageIterator", "Subscription"]


class _Modem(Protocol):
    """The part of the modem that a subscription needs."""

    async def _unsubscribe(self, route: Route) -> None: ...
    def _messages(self, route: Route | None, timeout: float | None) -> AsyncIterator[Message]: ...
    async def _receive(self, route: Route | None, timeout: float | None) -> Message: ...
    def subscriptions(self) -> list[str]: ...


class MessageIterator:
    """Yields messages as they arrive; ends after the timeout without one.

    It also ends at ``unsubscribe()``, ``disconnect()`` and ``close()``, behind what has arrived.
    """

    def __init__(self, receiver: Receiver, route: Route | None, timeout: float | None) -> None:
        """``messages()`` makes it."""
        self._receiver = receiver
        self._route = route
        self._timeout = timeout
        self._since = receiver.reads_ended

    def __aiter__(self) -> AsyncIterator[Message]:
        """Itself."""
        return self

    async def __anext__(self) -> Message:
        """The next message; a cancelled wait loses none."""
        message = self._receiver.pop(self._route)
        if message is None:
            try:
                message = await self._receiver.take(self._route, self._timeout, self._since)
            except ClosedError:
                if self._receiver.forked:
                    raise
                raise StopAsyncIteration from None
            except OperationCancelledError:
                raise StopAsyncIteration from None
            if message is None:
                raise StopAsyncIteration
        return message


@shows_half_built
class Subscription(SubscriptionBase):
    """A subscription, as `Modem.subscribe` returns it.

    Several subscriptions of one filter each get every message.

    Examples:
        >>> import asyncio
        >>> from m531x import aio
        >>> async def main() -> None:
        ...     async with aio.Modem("virtual://") as modem:
        ...         await modem.connect("broker.example", client_id="meter-17")
        ...         meters = await modem.subscribe("meter/#", qos=1)
        ...         await modem.publish("meter/17", "42")
        ...         message = await meters.receive(timeout=5)
        ...         print(meters.granted_qos, message.topic, message.text)
        >>> asyncio.run(main())
        1 meter/17 42

    Attributes:
        topic: The topic filter.
        granted_qos: The QoS that the broker granted, which may be lower than requested.
        hex: Whether the module prints the payloads as hex (they are decoded here).
    """

    _modem: _Modem

    def __repr__(self) -> str:
        """The filter and the granted QoS."""
        return f"<m531x.aio.Subscription {self.topic!r} granted_qos={self.granted_qos}>"

    async def unsubscribe(self) -> None:
        """Ends the subscription; the last one of its filter ends it at the broker too.

        If it has ended already, nothing happens.

        Raises:
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            ModemTimeoutError: The broker did not acknowledge.
        """
        await self._modem._unsubscribe(self._route)

    async def receive(self, timeout: float | None = None) -> Message:
        """Waits for the next message that matches this subscription; a cancelled wait loses none.

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
        return await self._modem._receive(self._route, timeout)

    def messages(self, timeout: float | None = None) -> AsyncIterator[Message]:
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
