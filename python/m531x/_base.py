"""What the subscriptions of both modems have in common."""

from __future__ import annotations

from typing import Any

from m531x._errors import InvalidArgumentError
from m531x._routes import MessageCallback

__all__ = ["SubscriptionBase"]


class SubscriptionBase:
    """A subscription, and the modem that it is one of."""

    def __init__(
        self,
        modem: Any,
        topic: str,
        granted_qos: int,
        callback: MessageCallback | None,
        hex_: bool,
    ) -> None:
        """Made by `Modem.subscribe` only."""
        self.topic: str = topic
        self.granted_qos: int = granted_qos
        self.hex: bool = hex_
        self._modem: Any = modem
        self._callback = callback

    def _require_no_callback(self) -> None:
        if self._callback is not None:
            raise InvalidArgumentError(
                f"the subscription of {self.topic!r} has a callback, which gets its messages: "
                "subscribe without callback to read them here"
            )
