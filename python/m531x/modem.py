"""The modem: a serial port with a module behind it, as an MQTT client."""

from __future__ import annotations

import atexit
import contextlib
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Literal

from m531x import _native, _recovery
from m531x._callbacks import check_callback
from m531x._connection import ConnectionCommands
from m531x._errors import ClosedError
from m531x._fork import cut_off, watch_forks
from m531x._html import table
from m531x._journal import Journal, lines_to_keep
from m531x._module import ModuleCommands
from m531x._native import Message
from m531x.delivery import Delivery
from m531x.dispatch import Dispatcher, MessageCallback
from m531x.subscription import MessageIterator, Subscription
from m531x.trace import Trace
from m531x.types import Event, Payload, Receipt, Recovery, Stats
from m531x.virtual import VirtualModem

__all__ = ["Modem"]

_VIRTUAL = "virtual://"


class Modem(ConnectionCommands, ModuleCommands):
    """A module at a serial port, used as an MQTT client.

    Opening runs the start-up dialogue: the module is asked until it answers, echo is turned off,
    error numbers are turned on and the model is found out. `connect` comes next.

    Every method may be called by any thread, callbacks included; each waits for its own answer.
    Ctrl-C ends any wait in the main thread at once. Callbacks run one after the other on one thread
    of the modem's own, in the order of arrival, with no lock held.

    Args:
        port: ``"/dev/ttyUSB0"``, ``"COM5"``, ``"tcp://host:port"``, or ``"virtual://"`` for a
            virtual modem with a broker of its own in this process.
        model: ``"M5310-A"``, ``"M5311"``, ``"M5312"``, ``"M5313"`` ...; ``"auto"`` asks the module.
        baudrate: Bits per second; None is the model's, and with ``"auto"`` tries 9600 and 115200.
        command_timeout: Seconds that a command may take, unless it is known to take longer.
        guard_time: Least pause in seconds between an answer and the next command; None is the
            model's on a serial line and none elsewhere.
        queue_size: How many messages and events may wait to be received.
        overflow: What happens beyond that: ``"block"`` stops reading the port until there is room,
            ``"drop_oldest"`` and ``"drop_newest"`` drop, and count it in `stats`.
        trace: How many of the last lines on the port to keep for `trace`; 0 keeps none.
        recovery: How a lost connection, or a port that vanished, is made again, subscriptions
            included; None leaves it lost. Unfinished publishes of QoS 1 and 2 are sent again.

    Raises:
        InvalidArgumentError: An unknown model, a malformed port, a number out of range.
        PortError: There is no such port, it is in use, or it may not be opened.
        ModemTimeoutError: Nothing at the port answers.

    Example:
        >>> import m531x
        >>> with m531x.Modem("virtual://") as modem:
        ...     modem.connect("broker.example", client_id="meter-17")
        ...     room = modem.subscribe("room/+/temperature", qos=1)
        ...     receipt = modem.publish("room/1/temperature", "21.5", qos=1)
        ...     message = next(room.messages(timeout=5))
        ...     print(message.topic, message.text)
        room/1/temperature 21.5
    """

    def __init__(
        self,
        port: str,
        *,
        model: str = "auto",
        baudrate: int | None = None,
        command_timeout: float = 10.0,
        guard_time: float | None = None,
        queue_size: int = 10_000,
        overflow: Literal["block", "drop_oldest", "drop_newest"] = "block",
        trace: int = 0,
        recovery: Recovery | None = _recovery.DEFAULT,
    ) -> None:
        """Opens the port and runs the start-up dialogue."""
        options = _native.ModemOptions(
            model,
            baudrate,
            command_timeout,
            guard_time,
            queue_size,
            overflow,
            lines_to_keep(trace),
            _recovery.parts(recovery),
        )
        self._virtual: VirtualModem | None = None
        if port == _VIRTUAL:
            self._virtual = VirtualModem._in_memory("M5310-A" if model == "auto" else model, None)
            try:
                self._native = _native.Modem.open_virtual(self._virtual._native, options)
            except BaseException:
                self._virtual.close()
                raise
        else:
            self._native = _native.Modem.open(port, options)
        self._port = port
        self._closed = False
        self._closing = threading.Lock()
        self._journal = Journal(self._native, port, trace)
        self._dispatcher = Dispatcher(self._native, queue_size, overflow, self._journal)
        self._dispatcher.start()
        _open_modems.add(self)
        watch_forks(self)

    # ---- publishing

    def publish(
        self,
        topic: str,
        payload: Payload,
        qos: int = 0,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> Receipt:
        """Publishes and waits until it is done.

        Done is: accepted by the module (QoS 0), acknowledged by the broker (QoS 1), completed
        (QoS 2).

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
            PublishError: The module gave up waiting for the acknowledgement.
            ModemTimeoutError: It was not done in time.
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
        """
        native = self._native.publish_nowait(topic, payload, qos, retain, timeout)
        return Delivery(native, self._dispatcher)

    # ---- subscriptions and messages

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
            SubscribeError: The broker refused, or did not answer in time.
        """
        if callback is not None:
            check_callback("callback", callback, "message")
        routes = self._dispatcher.routes
        known = routes.knows(topic)
        before = routes.callback_of(topic)
        # Retained messages may arrive ahead of the acknowledgement.
        routes.add(topic, callback)
        try:
            granted = self._native.subscribe(topic, qos, hex, timeout)
        except BaseException:
            if known:
                routes.add(topic, before)
            else:
                routes.remove(topic)
            raise
        return Subscription(self, topic, granted, callback, hex)

    def unsubscribe(self, topic: str) -> None:
        """Ends the subscription of a filter and waits for the broker's answer.

        Args:
            topic: The filter, as it was subscribed.

        Raises:
            NotConnectedError: There is no MQTT connection.
            ModemTimeoutError: The broker did not answer in time.
        """
        self._native.unsubscribe(topic)
        self._dispatcher.routes.remove(topic)

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
        """
        return self._messages(None, timeout)

    def _messages(self, filter_: str | None, timeout: float | None) -> Iterator[Message]:
        if timeout is not None:
            _native.check_timeout(timeout)
        self._require_open()
        return MessageIterator(self, filter_, timeout)

    # ---- callbacks

    @property
    def on_message(self) -> MessageCallback | None:
        """Called as ``on_message(message)`` for messages that no subscription's callback takes."""
        return self._dispatcher.routes.default

    @on_message.setter
    def on_message(self, callback: MessageCallback | None) -> None:
        self._check("on_message", callback, "message")
        self._dispatcher.routes.default = callback

    @property
    def on_connect(self) -> Callable[[], object] | None:
        """Called as ``on_connect()`` whenever the MQTT connection is made."""
        return self._dispatcher.on_connect

    @on_connect.setter
    def on_connect(self, callback: Callable[[], object] | None) -> None:
        self._check("on_connect", callback)
        self._dispatcher.on_connect = callback

    @property
    def on_disconnect(self) -> Callable[[str], object] | None:
        """Called as ``on_disconnect(reason)`` when the MQTT connection is gone."""
        return self._dispatcher.on_disconnect

    @on_disconnect.setter
    def on_disconnect(self, callback: Callable[[str], object] | None) -> None:
        self._check("on_disconnect", callback, "reason")
        self._dispatcher.on_disconnect = callback

    @property
    def on_event(self) -> Callable[[Event], object] | None:
        """Called as ``on_event(event)`` for everything that is not a message."""
        return self._dispatcher.on_event

    @on_event.setter
    def on_event(self, callback: Callable[[Event], object] | None) -> None:
        self._check("on_event", callback, "event")
        self._dispatcher.on_event = callback

    @staticmethod
    def _check(name: str, callback: object, *parameters: str) -> None:
        if callback is not None:
            check_callback(name, callback, *parameters)

    # ---- the modem itself

    @property
    def port(self) -> str:
        """The port it was opened with."""
        return self._port

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def virtual_modem(self) -> VirtualModem | None:
        """The virtual modem behind ``virtual://``; None for every other port."""
        return self._virtual

    def stats(self) -> Stats:
        """The counters since the modem was opened."""
        counters = self._native.stats()
        counters["queued"] += self._dispatcher.queued
        counters["dropped"] += self._dispatcher.dropped
        return Stats(**counters, callback_errors=self._dispatcher.callback_errors)

    def trace(self) -> Trace:
        """The last lines on the port and the changes of state, oldest first; passwords are ``***``.

        Raises:
            InvalidArgumentError: The modem was opened without ``trace``.
        """
        return self._journal.trace()

    def close(self) -> None:
        """Closes the port and ends every wait of every thread; closing again does nothing.

        The module is told nothing: a broker keeps the client until its keep-alive is over. Call
        `disconnect` first to leave it properly. Inside a callback it returns at once, and that
        callback is the last; elsewhere it waits for a callback that is running, a second at most.
        """
        with self._closing:
            if self._closed:
                return
            self._closed = True
        _open_modems.discard(self)
        self._native.close()
        self._dispatcher.stop()
        if self._virtual is not None:
            self._virtual.close()

    def __enter__(self) -> Modem:
        """Itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes it."""
        self.close()

    def __repr__(self) -> str:
        """The port and the state."""
        state = "closed" if self._closed else self.mqtt_state()
        return f"<m531x.Modem {self._port!r} {state}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[str, object]] = [("port", self._port), ("closed", self._closed)]
        if not self._closed:
            subscriptions = ", ".join(self.subscriptions()) or None
            rows += [("state", self.mqtt_state()), ("subscriptions", subscriptions)]
        counters = self.stats()
        shown = ("messages", "published", "commands", "timeouts", "reboots", "dropped")
        rows += [(name, getattr(counters, name)) for name in shown]
        return table("m531x.Modem", rows)

    def __del__(self) -> None:
        """Closes what nobody closed, and says so."""
        if not getattr(self, "_closed", True):
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
            self.close()

    def _after_fork(self) -> None:
        """In the child: the threads of the modem are the parent's."""
        if not self._closed:
            self._native = cut_off(self._native)
            self._closed = True

    def _require_open(self) -> None:
        if self._closed:
            self._native.mqtt_state()  # tells of a fork
            raise ClosedError


_open_modems: weakref.WeakSet[Modem] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """No callback runs, and no thread waits in the native module, while the interpreter goes."""
    for modem in list(_open_modems):
        with contextlib.suppress(Exception):
            modem.close()
