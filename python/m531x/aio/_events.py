"""The callbacks of a modem of an event loop."""

from __future__ import annotations

from collections.abc import Callable

from m531x._callbacks import check_callback
from m531x._routes import MessageCallback
from m531x.aio._receiver import Receiver
from m531x.types import Event

__all__ = ["Callbacks"]


class Callbacks:
    """The part of `Modem` that calls back.

    Callbacks are plain functions or coroutine functions. They run in the event loop, one after the
    other in the order of arrival: the next begins when the one before has returned, awaiting
    included. They may use the modem. An exception goes to the loop's exception handler and is
    counted in ``stats().callback_errors``.
    """

    _receiver: Receiver

    @property
    def on_message(self) -> MessageCallback | None:
        """Called as ``on_message(message)`` for messages that no subscription's callback takes."""
        return self._receiver.routes.default

    @on_message.setter
    def on_message(self, callback: MessageCallback | None) -> None:
        _check("on_message", callback, "message")
        self._receiver.routes.default = callback

    @property
    def on_connect(self) -> Callable[[], object] | None:
        """Called as ``on_connect()`` whenever the MQTT connection is made."""
        return self._receiver.on_connect

    @on_connect.setter
    def on_connect(self, callback: Callable[[], object] | None) -> None:
        _check("on_connect", callback)
        self._receiver.on_connect = callback

    @property
    def on_disconnect(self) -> Callable[[str], object] | None:
        """Called as ``on_disconnect(reason)`` when the MQTT connection is gone."""
        return self._receiver.on_disconnect

    @on_disconnect.setter
    def on_disconnect(self, callback: Callable[[str], object] | None) -> None:
        _check("on_disconnect", callback, "reason")
        self._receiver.on_disconnect = callback

    @property
    def on_event(self) -> Callable[[Event], object] | None:
        """Called as ``on_event(event)`` for everything that is not a message."""
        return self._receiver.on_event

    @on_event.setter
    def on_event(self, callback: Callable[[Event], object] | None) -> None:
        _check("on_event", callback, "event")
        self._receiver.on_event = callback


def _check(name: str, callback: object, *parameters: str) -> None:
    if callback is not None:
        check_callback(name, callback, *parameters, awaited=True)
