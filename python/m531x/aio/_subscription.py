"""A subscription, and the asynchronous iterator over messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from m531x._base import SubscriptionBase
from m531x._native import Message
from m531x.aio._receiver import Receiver

__all__ = ["MessageIterator", "Subscription"]


class _Modem(Protocol):
    """The part of the modem that a subscription needs."""

    async def unsubscribe(self, topic: str) -> None: ...
    def _messages(self, filter_: str | None, timeout: float | None) -> AsyncIterator[Message]: ...


class MessageIterator:
    """Yields messages as they arrive; ends after the timeout without one, or at ``close()``."""

    def __init__(self, receiver: Receiver, filter_: str | None, timeout: float | None) -> None:
        """``messages()`` makes it."""
        self._receiver = receiver
        self._filter = filter_
        self._timeout = timeout

    def __aiter__(self) -> AsyncIterator[Message]:
        """Itself."""
        return self

    async def __anext__(self) -> Message:
        """The next message; a cancelled wait loses none."""
        message = self._receiver.pop(self._filter)
        if message is None:
            message = await self._receiver.take(self._filter, self._timeout)
            if message is None:
                raise StopAsyncIteration
        return message


class Subscription(SubscriptionBase):
    """A subscription, as `Modem.subscribe` returns it.

    Example:
        >>> import asyncio
        >>> from m531x import aio
        >>> async def main() -> None:
        ...     async with aio.Modem("virtual://") as modem:
        ...         await modem.connect("broker.example", client_id="meter-17")
        ...         meters = await modem.subscribe("meter/#", qos=1)
        ...         await modem.publish("meter/17", "42")
        ...         async for message in meters.messages(timeout=5):
        ...             print(meters.granted_qos, message.topic, message.text)
        ...             break
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
        """Ends the subscription; the same as ``modem.unsubscribe(subscription.topic)``.

        Raises:
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            ModemTimeoutError: The broker did not acknowledge.
        """
        await self._modem.unsubscribe(self.topic)

    def messages(self, timeout: float | None = None) -> AsyncIterator[Message]:
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
