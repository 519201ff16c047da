"""The thread that takes events, and messages for callbacks, and calls.

The native module fills its mailbox and never calls into Python. One thread per modem takes what is
for callbacks in batches, with the interpreter free while it waits, and calls in the order of
arrival. Messages that no callback takes stay in the mailbox for `Modem.messages` and
`Subscription.messages`, and hold up no callback.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any, Protocol, cast

from m531x import _native, _watch
from m531x._callbacks import CallbackRegistry, report_exception
from m531x._constants import EventKind
from m531x._errors import M531xError
from m531x._event_log import EventLog
from m531x._native import Message
from m531x._password import checked, why
from m531x._routes import MessageCallback
from m531x._secret import Hidden

__all__ = ["Dispatcher"]

_BATCH = 512
# How long close() waits for a callback that does not return: longer would be a deadlock for a
# callback that itself waits for the thread that closes.
_LAST_CALLBACK_S = 1.0


class _Delivery(Protocol):
    """A publish whose done callbacks the dispatcher calls."""

    _native: _native.Delivery

    def take_callbacks(self) -> list[Callable[[Any], object]]: ...


class Dispatcher:
    """Routes the messages and events of one modem; any thread may call every method."""

    def __init__(
        self,
        native: _native.Modem,
        callbacks: CallbackRegistry,
        event_log: EventLog,
    ) -> None:
        """Starts no thread yet."""
        self._native = native
        self._callbacks = callbacks
        self._routes = callbacks.routes
        self._event_log = event_log
        self._lock = threading.Lock()
        # The thread keeps alive neither the callbacks nor the modem they may refer to: one that the
        # program forgets can be collected, which closes it.
        self._thread = threading.Thread(
            target=_run,
            args=(weakref.ref(self), native, event_log),
            name="m531x-dispatcher",
            daemon=True,
        )
        self._started = False
        self._stopped = False
        self._over = False
        self._current: object = None
        self._deliveries: dict[int, _Delivery] = {}
        self.callback_errors: int = 0

    def watch(self, token: int, delivery: _Delivery) -> None:
        """Runs the callbacks of the delivery with this token when it is done."""
        with self._lock:
            if token in self._deliveries:
                return
            self._deliveries[token] = delivery
            over = self._over
        if over and delivery._native.done():
            self._finish_delivery(token)
        else:
            delivery._native.watch()

    def start(self) -> None:
        """Starts the thread; must be called once only."""
        self._thread.start()
        self._started = True
        _watch.register()

    def stop(self) -> None:
        """Ends the thread, after the callback that is running; the native modem must be closed."""
        self._stopped = True
        if not self._started:
            return
        self._started = False
        _watch.unregister()
        if self._thread is not threading.current_thread():
            self._thread.join(_LAST_CALLBACK_S)
            if not self._thread.is_alive():
                # A modem that is being collected is out of the thread's reach.
                self.finish_deliveries()

    def invalidate_after_fork(self, native: _native.Modem) -> None:
        """In a forked child, without the thread."""
        self._lock = threading.Lock()
        self._native = native
        self._started = False

    def current(self) -> object:
        """What is being handled, for the watch over callbacks that do not return."""
        return self._current

    def held_up(self, item: object, seconds: float) -> None:
        """Logs which callback has not returned for so long."""
        callbacks: tuple[Callable[..., object], ...] = ()
        if isinstance(item, Message):
            callbacks = self._routes.known.get(item.topic) or ()
        elif isinstance(item, tuple):
            event = cast("tuple[int, int, str, float]", item)
            callbacks = tuple(callback for callback, _ in self._callbacks.of_event(*event))
        self._event_log.warn_of_callback(callbacks, seconds)

    def dispatch(self, batch: list[Message | tuple[int, int, str, float] | int]) -> None:
        """Calls what the messages, events and ended deliveries of a batch are for."""
        _watch.enter(self)
        try:
            self._dispatch(batch)
        finally:
            self._current = None
            _watch.leave(self)

    def call(self, callback: Callable[..., object], *args: Any) -> None:
        """Calls one callback; an exception of it is reported and counted, and ends nothing."""
        try:
            callback(*args)
        except BaseException as error:
            self.report(error)

    def report(self, error: BaseException) -> None:
        """Counts a callback's exception, and reports it as Python reports one of a thread."""
        with self._lock:
            self.callback_errors += 1
        report_exception(error)

    def finish_deliveries(self) -> None:
        """Calls the callbacks of all deliveries: closing the modem has ended them."""
        with self._lock:
            self._over = True
            tokens = list(self._deliveries)
        for token in tokens:
            self._finish_delivery(token)

    def _dispatch(self, batch: list[Message | tuple[int, int, str, float] | int]) -> None:
        routes: dict[str, tuple[MessageCallback, ...]] = {}
        topic = ""
        callbacks: tuple[MessageCallback, ...] = ()
        for item in batch:
            self._current = item
            if type(item) is Message:
                # Messages of one topic in a row share its text; most streams are of few topics.
                if item.topic is not topic or self._routes.known is not routes:
                    topic, routes = item.topic, self._routes.known
                    callbacks = routes.get(topic) or self._routes.find(topic)
                if not callbacks:
                    # Its callback was removed since it arrived.
                    self._native.give_back(item)
                for callback in callbacks:
                    try:
                        callback(item)
                    except BaseException as error:
                        self.report(error)
                    if self._stopped:
                        return
            elif type(item) is int:
                self._finish_delivery(item)
            elif type(item) is tuple:
                self._notify(item)
            if self._stopped:
                return

    def _notify(self, raw: tuple[int, int, str, float]) -> None:
        kind, value, text, timestamp = raw
        self._event_log.note(kind, value, text, timestamp)
        if kind == EventKind.PASSWORD_WANTED:
            self._give_password(value)
        with self._callbacks.around(kind):
            for callback, arguments in self._callbacks.of_event(kind, value, text, timestamp):
                if not self._stopped:
                    self.call(callback, *arguments)

    def _give_password(self, number: int) -> None:
        function = self._callbacks.password
        if function is None:
            return
        try:
            password = checked(Hidden(function()))
        except BaseException as error:
            self.report(error)
            self._native.set_password(number, None, why(error))
        else:
            self._native.set_password(number, password.reveal(), "")

    def _finish_delivery(self, token: int) -> None:
        with self._lock:
            delivery = self._deliveries.pop(token, None)
        if delivery is not None:
            for callback in delivery.take_callbacks():
                self.call(callback, delivery)


def _run(reference: weakref.ref[Dispatcher], native: _native.Modem, event_log: EventLog) -> None:
    """The thread: takes batches until the modem is closed, or forgotten."""
    try:
        while True:
            batch = native.recv_batch(_BATCH, None)
            event_log.pump()
            dispatcher = reference()
            if dispatcher is None or dispatcher._stopped:
                break
            dispatcher.dispatch(batch)
            # Nothing of the program's stays alive while the thread waits.
            del dispatcher, batch
    except M531xError:
        pass  # readers and operations report how it ended
    finally:
        event_log.pump()
        dispatcher = reference()
        if dispatcher is not None:
            dispatcher.finish_deliveries()
