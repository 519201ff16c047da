"""Publishing through a modem, for asyncio."""

from __future__ import annotations

from m531x._types import Payload, Receipt
from m531x.aio._beginning import Beginning
from m531x.aio._delivery import Delivery

__all__ = ["Publishing"]


class Publishing(Beginning):
    """The part of `Modem` that publishes."""

    async def publish(
        self,
        topic: str,
        payload: Payload,
        qos: int = 0,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> Receipt:
        """Publishes and waits until it is done.

        Arguments, receipt and errors are those of `m531x.Modem.publish`.
        """
        operation = self._starter.publish(topic, payload, qos, retain, timeout)
        return Receipt(*await self._begin(operation))

    def publish_nowait(
        self,
        topic: str,
        payload: Payload,
        qos: int = 0,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> Delivery:
        """Publishes without waiting; publishes go out in the order of the calls.

        Arguments and errors are those of `m531x.Modem.publish_nowait`.
        """
        operation = self._starter.publish_nowait(topic, payload, qos, retain, timeout)
        return Delivery(self._begin(operation))
