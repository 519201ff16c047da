"""Subscribing through a modem, and reading what arrives, for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar

from m531x import _native
from m531x._callback_registry import Callbacks
from m531x._native import Message
from m531x._routes import MessageCallback
from m531x.aio._beginning import Beginning
from m531x.aio._receiver import Receiver
from m531x.aio._subscription import MessageIterator, Subscription

__all__ = ["Subscribing"]


class Subscribing(Beginning, Callbacks):
    """The part of `Modem` that subscribes and gives messages."""

    _awaits_callbacks: ClassVar[bool] = True
    _receiver: Receiver

    async def subscribe(
        self,
        topic: str,
        qos: int = 0,
        callback: MessageCallback | None = None,
        *,
        hex: bool = False,  # noqa: A002 - the name that the module's manual uses
        timeout: float | None = None,
    ) -> Subscription:
        """Subscribes and waits for the broker's answer.

        Arguments and errors are those of `m531x.Modem.subscribe`; the callback may be a coroutine
        function, which is awaited before the next callback begins.
        """
        _native.check_text("topic", topic)
        self._check_callback("callback", callback, "message")
        operation = self._starter.subscribe(topic, qos, hex, timeout)
        with self._callbacks.routes.being_subscribed(topic, callback):
            granted = await self._begin(operation)
        return Subscription(self, topic, granted, callback, hex)

    async def unsubscribe(self, topic: str) -> None:
        """Ends the subscription of a filter and waits for the broker's answer.

        Args:
            topic: The filter, as it was subscribed.

        Raises:
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            ModemTimeoutError: The broker did not answer in time.
        """
        await self._begin(self._starter.unsubscribe(topic))
        self._callbacks.routes.remove(topic)

    def subscriptions(self) -> list[str]:
        """The filters that are subscribed."""
        return self._opened.subscriptions()

    def messages(self, timeout: float | None = None) -> AsyncIterator[Message]:
        """Iterates with ``async for`` over the messages that no callback takes, in order.

        Args:
            timeout: Seconds to wait for each message; the iteration ends when none came. None waits
                until the modem is closed, 0 gives what is there.

        Raises:
            ClosedError: The modem is closed.
            PortError: The port was lost, and what had arrived before has been read.
        """
        return self._messages(None, timeout)

    def _messages(self, filter_: str | None, timeout: float | None) -> AsyncIterator[Message]:
        timeout = _native.checked_timeout(timeout)
        _ = self._opened
        return MessageIterator(self._receiver, filter_, timeout)
