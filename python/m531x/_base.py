"""The parts that the modem for threads and the modem for asyncio share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, Protocol

from m531x import _native
from m531x._arguments import check_port, recovery_parts
from m531x._callbacks import CallbackRegistry, check_callback
from m531x._constants import MqttState, Overflow
from m531x._errors import (
    ArgumentTypeError,
    ClosedError,
    InvalidArgumentError,
    ModemTimeoutError,
    NotConnectedError,
)
from m531x._event_log import EventLog, lines_to_keep
from m531x._html import table
from m531x._outbox import Outbox
from m531x._outbox import parts as outbox_parts
from m531x._outbox import stats_of as outbox_stats
from m531x._ports import path_text
from m531x._routes import MessageCallback, Route
from m531x._types import Event, Recovery
from m531x._virtual_modem import VirtualModem
from m531x.doctor import Stats
from m531x.recording import Recording, Trace

__all__ = [
    "LEAVING_S",
    "LEFT_BY_DISCONNECT",
    "NOT_OPEN",
    "ModemBase",
    "SubscriptionBase",
    "stats_of",
]

_VIRTUAL: Final = "virtual://"
NOT_OPEN: Final = "the modem is not open yet: use `async with`, or await it"
# How long the end of a `with` statement waits for the goodbye.
LEAVING_S: Final = 5.0
LEFT_BY_DISCONNECT: Final = (
    MqttState.CONNECTING,
    MqttState.CONNECTED,
    MqttState.MODULE_RECONNECTING,
)
_DEFAULT_RECOVERY: Final = Recovery()
_SHOWN_COUNTERS: Final = (
    "messages",
    "published",
    "commands",
    "timeouts",
    "reboots",
    "dropped",
)


class ModemBase:
    """Options, callbacks, and the methods that need no answer from the module."""

    _awaits_callbacks: ClassVar[bool] = False
    # Until `__init__` has come so far: a subclass may fail ahead of it.
    _closed: bool = False
    _port: str = ""

    def __init__(
        self,
        port: str | os.PathLike[str],
        *,
        model: str = "auto",
        baudrate: int | None = None,
        open_timeout: float = 10.0,
        command_timeout: float = 10.0,
        guard_time: float | None = None,
        queue_size: int = 10_000,
        queue_bytes: int = 64 << 20,
        overflow: Overflow = "drop_oldest",
        max_waiting: int = 10_000,
        trace: int = 0,
        recovery: Recovery | None = _DEFAULT_RECOVERY,
        outbox: Outbox | str | os.PathLike[str] | None = None,
        record: str | os.PathLike[str] | None = None,
        dtr: bool | None = None,
        rts: bool | None = None,
    ) -> None:
        """Checks the arguments; `m531x.Modem` also opens the port."""
        self._options = _native.ModemOptions(
            model,
            baudrate,
            open_timeout,
            command_timeout,
            guard_time,
            queue_size,
            queue_bytes,
            overflow,
            max_waiting,
            lines_to_keep(trace),
            recovery_parts(recovery),
            outbox_parts(outbox),
            None if record is None else path_text("record", record),
            dtr,
            rts,
        )
        self._port = path_text("port", port)
        check_port(self._port)
        self._model = model
        self._trace_size = trace
        self._blocks = overflow == "block"
        self._sets_lines = dtr is not None or rts is not None
        self._event_log: EventLog | None = None
        self._virtual: VirtualModem | None = None
        self._callbacks = CallbackRegistry()
        self._closed = False
        self._set_up()

    if not TYPE_CHECKING:  # type checkers find it themselves, unless there is this method

        def __setattr__(self, name: str, value: object) -> None:
            """Refuses a misspelled callback, which would never be called."""
            if name.startswith("on_") and not hasattr(type(self), name):
                raise AttributeError(
                    f"no {name}: a modem has on_message, on_connect, on_disconnect and on_event"
                )
            super().__setattr__(name, value)

    def _set_up(self) -> None:
        """Does the rest of ``__init__``."""
        raise NotImplementedError

    def __reduce__(self) -> NoReturn:
        """Refuses to be sent to another process."""
        raise TypeError(
            "a modem cannot be sent to another process (pickled) or copied: send the port's name, "
            "and open the modem there"
        )

    @property
    def _opened(self) -> _native.Modem:
        """The native modem; an error if the modem is not open."""
        raise NotImplementedError

    def _warn_of_port(self, event_log: EventLog) -> None:
        """Warns of options that the port has no use for, or that harm there."""
        if self._blocks:
            event_log.warn_of_block()
        if self._sets_lines:
            event_log.warn_of_lines()

    def _start_virtual_modem(self) -> VirtualModem:
        """Starts the module behind ``virtual://``."""
        model = "M5310-A" if self._model == "auto" else self._model
        self._virtual = VirtualModem._in_memory(model, None)
        return self._virtual

    def _opening(self) -> _native.Operation[_native.Modem]:
        """What opens the port, or the virtual modem behind ``virtual://``."""
        if self._port != _VIRTUAL:
            return _native.Modem.open(self._port, self._options)
        virtual = self._start_virtual_modem()
        return _native.Modem.open_virtual(virtual._native, self._options)

    def _close_virtual_modem(self) -> None:
        if self._virtual is not None:
            self._virtual.close()

    @property
    def port(self) -> str:
        """The port, as the modem was given it."""
        return self._port

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def virtual_modem(self) -> VirtualModem | None:
        """The virtual modem behind ``virtual://``; None for every other port."""
        return self._virtual

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
        """Called as ``on_connect()`` whenever the MQTT connection is made.

        A callback that it registers for a filter, by `subscribe` or `add_callback`, takes the place
        of the one that its call before has registered.
        """
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

    @property
    def state(self) -> MqttState:
        """The state of the MQTT connection as far as it is known; `status` asks the module."""
        return MqttState(self._opened.mqtt_state())

    def max_payload(self, topic: str, binary: bool = True) -> int:
        """The longest payload that can be published to a topic with any QoS, in bytes.

        Args:
            topic: The topic name, which takes room of the same command.
            binary: Whether the payload may hold any bytes; if False, only printable ASCII without
                ``"`` and the backslash, which needs half the room on the line.

        Raises:
            InvalidArgumentError: The topic is wrong.

        Examples:
            >>> import m531x
            >>> with m531x.Modem("virtual://") as modem:
            ...     print(modem.max_payload("meter/17"), modem.max_payload("meter/17", False))
            495 991
        """
        return self._opened.max_payload(topic, binary)

    def fileno(self) -> int:
        """A descriptor that is readable while a message waits that no callback takes.

        It is for event loops other than asyncio's: ``select``, Qt's ``QSocketNotifier``, tkinter's
        ``createfilehandler``. Take messages with ``receive(timeout=0)`` until it raises
        `ModemTimeoutError`; the descriptor itself must be neither read nor closed.

        Raises:
            InvalidArgumentError: Windows has no such descriptor.
            ClosedError: The modem is closed.
        """
        self._require_open()
        number = self._opened.fileno()
        if number is None:
            raise InvalidArgumentError("this system has no such descriptor: use a callback")
        return number

    def add_callback(self, topic: str, callback: MessageCallback) -> None:
        """Calls ``callback(message)`` for messages that match a filter, without subscribing to it.

        It is for the subscriptions of a session that the broker has kept (``clean_session=False``),
        whose messages may arrive as soon as the connection is made: add callbacks before
        `connect`. It stays until `remove_callback`, and also gets messages of `subscribe`.

        Args:
            topic: The topic filter.
            callback: Called as ``callback(message)``; once for each message, also if it was added
                for the filter before.

        Raises:
            InvalidArgumentError: The filter or the callback is wrong.
        """
        _native.check_filter("topic", topic)
        if callback is None:
            raise ArgumentTypeError("callback is NoneType: give a function like callback(message)")
        self._check_callback("callback", callback, "message")
        self._callbacks.routes.add(topic, callback, subscribed=False)

    def remove_callback(self, topic: str) -> None:
        """Removes the callbacks that `add_callback` has added for this filter."""
        _native.check_filter("topic", topic)
        self._callbacks.routes.remove_callback(topic)

    def _require_open(self) -> None:
        """Raises if the modem is closed."""
        raise NotImplementedError

    def _no_message(self, timeout: float | None) -> ModemTimeoutError:
        """The error of a wait for a message that none ended, with the likely reason."""
        text = f"no message has arrived within {timeout:g} s" if timeout else "no message waits"
        if not self._opened.subscriptions():
            text += "; nothing is subscribed: subscribe first"
        elif self._callbacks.routes.default is not None:
            text += "; on_message takes what no other callback does"
        return ModemTimeoutError(text)

    def _reading_ended(self) -> NotConnectedError:
        """The error of a wait for a message that `disconnect` has ended."""
        return NotConnectedError("the connection was ended while a message was awaited")

    def subscriptions(self) -> list[str]:
        """The filters that are subscribed."""
        return self._opened.subscriptions()

    def stats(self) -> Stats:
        """The counters since the modem was opened."""
        raise NotImplementedError

    def trace(self) -> Trace:
        """The last lines and changes of state, oldest first, without passwords and PINs.

        Raises:
            InvalidArgumentError: The modem was opened without ``trace``.

        Examples:
            >>> import m531x
            >>> with m531x.Modem("virtual://", trace=100) as modem:
            ...     _ = modem.command("AT+CSQ")
            ...     print([entry.text for entry in modem.trace() if entry.kind == "command"][-1])
            AT+CSQ
        """
        if self._event_log is None:
            raise ClosedError(NOT_OPEN)
        return self._event_log.trace()

    def record(self, path: str | os.PathLike[str], *, limit: int = 64 << 20) -> Recording:
        """Records everything that passes from now on: bytes, times, requests and results.

        The recording holds topics, payloads and the numbers of module and SIM card, but no password
        and no PIN. One of the whole session (``record=`` of the modem) is more useful than one that
        begins later and lacks the operations already under way. `m531x.recording.replay` replays
        it.

        Args:
            path: The file, readable by its owner only. An older recording of this name is kept
                under the same name with ``.1`` added.
            limit: Approximate size in bytes at which the file is renamed to ``.1`` and a new one
                begun.

        Raises:
            RecordingError: The file cannot be created.
            BusyError: Another recording is running.

        Examples:
            >>> import m531x, pathlib, tempfile
            >>> path = pathlib.Path(tempfile.mkdtemp()) / "field.rec"
            >>> with m531x.Modem("virtual://") as modem, modem.record(path) as recording:
            ...     _ = modem.signal()
            >>> "> AT+CSQ" in path.read_text()
            True
        """
        return Recording._start(self._opened, path, limit)

    def _html(self, title: str) -> str:
        """A table of the state and the counters, as far as the modem is open."""
        rows: list[tuple[str, object]] = [("port", self._port), ("closed", self._closed)]
        # The modem may be closed meanwhile, or belong to the parent of this forked process.
        with contextlib.suppress(ClosedError):
            counters = self.stats()
            rows += [(name, getattr(counters, name)) for name in _SHOWN_COUNTERS]
        with contextlib.suppress(ClosedError):
            rows.append(("state", self.state))
            rows.append(("subscriptions", ", ".join(self.subscriptions()) or None))
        return table(title, rows)


class SubscriptionBase:
    """A subscription and its modem."""

    def __init__(self, modem: Any, route: Route, granted_qos: int, hex_: bool) -> None:
        """`Modem.subscribe` makes it."""
        self.topic: str = route.filter
        self.granted_qos: int = granted_qos
        self.hex: bool = hex_
        self._modem: Any = modem
        self._route = route
        route.belongs_to(self)

    @property
    def live(self) -> bool:
        """Whether messages still come: neither unsubscribed, nor lost with the connection."""
        try:
            return self._route.live and self.topic in self._modem.subscriptions()
        except ClosedError:
            return False

    def _require_no_callback(self) -> None:
        if self._route.callback is not None:
            raise InvalidArgumentError(
                f"the subscription of {self.topic!r} has a callback, which gets its messages: "
                "subscribe without callback to read them here"
            )

    def _repr_html_(self) -> str:
        return table(
            "Subscription",
            [("topic", self.topic), ("granted_qos", self.granted_qos), ("live", self.live)],
        )


class _Drain(Protocol):
    """Who calls the callbacks."""

    @property
    def callback_errors(self) -> int: ...


def stats_of(native: _native.Modem, drain: _Drain) -> Stats:
    """The counters of the native module and of what calls the callbacks."""
    counters = native.stats()
    counters["outbox"] = outbox_stats(counters["outbox"])
    return Stats(**counters, callback_errors=drain.callback_errors)
