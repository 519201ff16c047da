"""What is called for what arrives, and the properties by which users set it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from m531x._callbacks import check_callback
from m531x._routes import MessageCallback, Routes
from m531x._types import Event, EventKind

__all__ = ["CallbackRegistry", "Callbacks"]


class CallbackRegistry:
    """The callbacks of one modem; whoever drains the native queue calls them."""

    def __init__(self) -> None:
        """There are none yet."""
        self.routes: Routes = Routes()
        self.on_connect: Callable[[], object] | None = None
        self.on_disconnect: Callable[[str], object] | None = None
        self.on_event: Callable[[Event], object] | None = None
        self.password: Callable[[], object] | None = None

    def of_event(
        self, kind: int, value: int, text: str, timestamp: float
    ) -> list[tuple[Callable[..., object], tuple[Any, ...]]]:
        """Whom to call, and with what, for an event."""
        calls: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        if kind == EventKind.CONNECTED and self.on_connect is not None:
            calls.append((self.on_connect, ()))
        elif kind == EventKind.DISCONNECTED and self.on_disconnect is not None:
            calls.append((self.on_disconnect, (text,)))
        if self.on_event is not None:
            calls.append((self.on_event, (Event(EventKind(kind), value, text, timestamp),)))
        return calls


class Callbacks:
    """The part of both modems that sets callbacks."""

    _callbacks: CallbackRegistry
    _awaits_callbacks: ClassVar[bool] = False

    @property
    def on_message(self) -> MessageCallback | None:
        """Called as ``on_message(message)`` for messages that no subscription's callback takes."""
        return self._callbacks.routes.default

    @on_message.setter
    def on_message(self, callback: MessageCallback | None) -> None:
        self._check_callback("on_message", callback, "message")
        self._callbacks.routes.default = callback

    @property
    def on_connect(self) -> Callable[[], object] | None:
        """Called as ``on_connect()`` whenever the MQTT connection is made."""
        return self._callbacks.on_connect

    @on_connect.setter
    def on_connect(self, callback: Callable[[], object] | None) -> None:
        self._check_callback("on_connect", callback)
        self._callbacks.on_connect = callback

    @property
    def on_disconnect(self) -> Callable[[str], object] | None:
        """Called as ``on_disconnect(reason)`` when the MQTT connection is gone.

        It and `on_connect` come in turns, also when the module reconnects by itself.
        """
        return self._callbacks.on_disconnect

    @on_disconnect.setter
    def on_disconnect(self, callback: Callable[[str], object] | None) -> None:
        self._check_callback("on_disconnect", callback, "reason")
        self._callbacks.on_disconnect = callback

    @property
    def on_event(self) -> Callable[[Event], object] | None:
        """Called as ``on_event(event)`` for everything that is not a message."""
        return self._callbacks.on_event

    @on_event.setter
    def on_event(self, callback: Callable[[Event], object] | None) -> None:
        self._check_callback("on_event", callback, "event")
        self._callbacks.on_event = callback

    def _check_callback(self, name: str, callback: object, *parameters: str) -> None:
        if callback is not None:
            check_callback(name, callback, *parameters, awaited=self._awaits_callbacks)
