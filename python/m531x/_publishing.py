"""Publishing through a modem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m531x._delivery import Delivery
from m531x._types import Payload, Receipt

if TYPE_CHECKING:
    from m531x import _native
    from m531x._dispatcher import Dispatcher

__all__ = ["Publishing"]


class Publishing:
    """The part of `Modem` that publishes."""

    _native: _native.Modem
    _dispatcher: Dispatcher

    def publish(
        self,
        topic: str,
        payload: Payload,
        qos: int = 0,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> Receipt:
        r"""Publishes and waits until it is done.

        Done is: accepted by the module (QoS 0), acknowledged by the broker (QoS 1), completed
        (QoS 2).

        With an outbox and QoS 1 or 2, an error after the message was accepted says that it stays in
        the outbox: it is sent later, so do not publish it again. It comes at once if no connection
        is there or being made.

        Args:
            topic: The topic name, without wildcards.
            payload: Any bytes; text is sent as UTF-8.
            qos: 0, 1 or 2.
            retain: Whether the broker keeps it for later subscribers.
            timeout: Seconds it may take; None is the acknowledgement timeout and some.

        Returns:
            The receipt with the packet id.

        Raises:
            InvalidArgumentError: Topic, payload or QoS is refused; nothing was sent.
            NotConnectedError: There is no MQTT connection.
            RepeatedLossError: The connection was lost each time this was on its way.
            PublishError: The module gave up waiting for the acknowledgement.
            ModemTimeoutError: It was not done in time.
            OutboxError: The outbox is full (`OutboxFullError`) or cannot be written.

        Example:
            >>> import m531x
            >>> with m531x.Modem("virtual://") as modem:
            ...     modem.connect("broker.example", client_id="meter-17")
            ...     modem.publish("meter/17/count", "42", qos=1).packet_id
            ...     modem.publish("meter/17/raw", b"\x00\xff").qos
            1
            0
        """
        return Receipt(*self._native.publish(topic, payload, qos, retain, timeout))

    def publish_nowait(
        self,
        topic: str,
        payload: Payload,
        qos: int = 0,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> Delivery:
        """Publishes without waiting.

        With an outbox and QoS 1 or 2 it returns once the message is on the disk, connected or not:
        from then on it is sent until the broker has acknowledged it, by this process or a later
        one.

        Args:
            topic: As for `publish`.
            payload: As for `publish`.
            qos: As for `publish`.
            retain: As for `publish`.
            timeout: Seconds it may take from now, waiting for its turn included.

        Returns:
            The delivery, to be waited for or not.

        Raises:
            InvalidArgumentError: Topic, payload or QoS is refused; nothing was sent.
            ClosedError: The modem is closed.
            QueueFullError: As many operations wait as ``max_waiting`` of the modem allows.
            OutboxError: The outbox is full (`OutboxFullError`) or cannot be written; the message
                was not accepted.

        Example:
            >>> import m531x
            >>> with m531x.Modem("virtual://") as modem:
            ...     modem.connect("broker.example", client_id="meter-17")
            ...     deliveries = [modem.publish_nowait("t", str(n), qos=1) for n in range(3)]
            ...     print([delivery.wait(timeout=10).qos for delivery in deliveries])
            [1, 1, 1]
        """
        native = self._native.publish_nowait(topic, payload, qos, retain, timeout)
        return Delivery(native, self._dispatcher)
