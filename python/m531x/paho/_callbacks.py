"""The callbacks of a `Client`, as attributes that check what is assigned to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, cast, overload

from m531x._callbacks import check_callback
from m531x.paho._values import ConnectFlags, DisconnectFlags, MQTTMessage, Properties, ReasonCode

__all__ = [
    "Callback",
    "OnConnect",
    "OnDisconnect",
    "OnLog",
    "OnMessage",
    "OnPublish",
    "OnSubscribe",
    "OnUnsubscribe",
    "Plain",
]

F = TypeVar("F", bound=Callable[..., object])

Plain = Callable[[Any, Any], object]
OnConnect = Callable[[Any, Any, ConnectFlags, ReasonCode, Properties], object]
OnDisconnect = Callable[[Any, Any, DisconnectFlags, ReasonCode, Properties], object]
OnMessage = Callable[[Any, Any, MQTTMessage], object]
OnPublish = Callable[[Any, Any, int, ReasonCode, Properties], object]
OnSubscribe = Callable[[Any, Any, int, list[ReasonCode], Properties], object]
OnUnsubscribe = OnSubscribe
OnLog = Callable[[Any, Any, int, str], object]


class _Owner(Protocol):
    """The client whose callbacks they are."""

    _callbacks: dict[str, Callable[..., object] | None]


class Callback(Generic[F]):
    """An attribute for a callback; a subclass may have a method of this name instead."""

    def __init__(self, *parameters: str) -> None:
        """Takes the names of the callback's parameters."""
        self._parameters = parameters

    def __set_name__(self, owner: type[Any], name: str) -> None:
        """Notes its name."""
        self._name = name

    @overload
    def __get__(self, client: None, owner: type[Any]) -> Callback[F]: ...
    @overload
    def __get__(self, client: _Owner, owner: type[Any]) -> F | None: ...
    def __get__(self, client: _Owner | None, owner: type[Any]) -> Callback[F] | F | None:
        """The callback."""
        return self if client is None else cast("F | None", client._callbacks.get(self._name))

    def __set__(self, client: _Owner, callback: F | None) -> None:
        """Sets it.

        Raises:
            InvalidArgumentError: It cannot be called with these parameters.
        """
        if callback is not None:
            check_callback(self._name, callback, *self._parameters)
        client._callbacks[self._name] = callback
