"""Subscribing through a modem, and reading what arrives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from m531x import _native
from m531x._callback_registry import Callbacks
from m531x._native import Message
from m531x._routes import MessageCallback
from m531x._subscription import MessageIterator, Subscription

if TYPE_CHECKING:
    from m531x._dispatcher import Dispatcher

__all__ = ["Subscribing"]


class Subscribing(Callbacks):
    """The part of `Modem` that subscribes and gives messages."""

    _native: _native.Modem
    _dispatcher: Dispatcher

    def _require_open(self) -> None:
        raise NotImplementedError

    def subscribe(
        self,
        topic: str,
        qos: int = 0,
        callback: MessageCallback | None = None,
        *,
        hex: bool = False,  # noqa: A002 - the name that the module's manual uses
        timeout: float | None = None,
    ) -> Subscription:
        """Subscribes and waits for the broker's answer.

        A message goes to the callback of every subscription it matches. If none of them has one it
        goes to `on_message`; if that is None, to the queue that `messages` reads. Subscribing again
        to the same filter replaces its callback.

        Args:
            topic: The topic filter; ``+`` and ``#`` as in MQTT.
            qos: The highest QoS wanted.
            callback: Called as ``callback(message)``; it may use the modem.
            hex: Have the module print payloads as hex (they are decoded here), which leaves no
                doubt about where a topic ends; M5311 only.
            timeout: Seconds it may take; None is the acknowledgement timeout and some.

        Returns:
            The subscription with the granted QoS.

        Raises:
            InvalidArgumentError: The filter, the QoS or the callback is refused; nothing was sent.
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            SubscribeError: The broker refused, or did not answer in time.

        Example:
            >>> import m531x, queue
            >>> texts = queue.Queue()
            >>> with m531x.Modem("virtual://") as modem:
            ...     modem.connect("broker.example", client_id="meter-17")
            ...     meters = modem.subscribe("meter/+", 1, lambda message: texts.put(message.text))
            ...     _ = modem.publish("meter/17", "42")
            ...     print(meters.granted_qos, texts.get(timeout=10))
            1 42
        """
        _native.check_text("topic", topic)
        self._check_callback("callback", callback, "message")
        with self._callbacks.routes.being_subscribed(topic, callback):
            granted = self._native.subscribe(topic, qos, hex, timeout)
        return Subscription(self, topic, granted, callback, hex)

    def unsubscribe(self, topic: str) -> None:
        """Ends the subscription of a filter and waits for the broker's answer.

        Args:
            topic: The filter, as it was subscribed.

        Raises:
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            ModemTimeoutError: The broker did not answer in time.
        """
        self._native.unsubscribe(topic)
        self._callbacks.routes.remove(topic)

    def subscriptions(self) -> list[str]:
        """The filters that are subscribed."""
        return self._native.subscriptions()

    def messages(self, timeout: float | None = None) -> Iterator[Message]:
        """Iterates over the messages that no callback takes, in order.

        Args:
            timeout: Seconds to wait for each message; the iteration ends when none came. None waits
                until the modem is closed, 0 gives what is there.

        Raises:
            ClosedError: The modem is closed.
            PortError: The port was lost, and what had arrived before has been read.

        Example:
            >>> import m531x
            >>> with m531x.Modem("virtual://") as modem:
            ...     modem.connect("broker.example", client_id="meter-17")
            ...     _ = modem.subscribe("meter/#")
            ...     for n in range(3):
            ...         _ = modem.publish(f"meter/{n}", str(n))
            ...     print([message.text for message in modem.messages(timeout=0.5)])
            ['0', '1', '2']
        """
        return self._messages(None, timeout)

    def _messages(self, filter_: str | None, timeout: float | None) -> Iterator[Message]:
        timeout = _native.checked_timeout(timeout)
        self._require_open()
        return MessageIterator(self, filter_, timeout)
