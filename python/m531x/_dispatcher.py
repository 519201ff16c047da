"""The thread that takes events, and messages for callbacks, and calls.

The native module fills its mailbox and never calls into Python. One thread per modem takes what is
for callbacks in batches, with the interpreter free while it waits, and calls in the order of
arrival. Messages that no callback takes stay in the mailbox for `Modem.messages` and
`Subscription.messages`, and hold up no callback.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from m531x import _native
from m531x._callbacks import CallbackRegistry
from m531x._constants import EventKind
from m531x._errors import ClosedError, M531xError
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
        self._thread = threading.Thread(target=self._run, name="m531x-dispatcher", daemon=True)
        self._stopped = False
        self._forked = False
        self._deliveries: dict[int, _Delivery] = {}
        self.callback_errors: int = 0

    def watch(self, token: int, delivery: _Delivery) -> None:
        """Runs the callbacks of the delivery with this token when it is done."""
        with self._lock:
            if token in self._deliveries:
                return
            self._deliveries[token] = delivery
        delivery._native.watch()

    def start(self) -> None:
        """Starts the thread; must be called once only."""
        self._thread.start()

    def take(self, filter_: str | None, timeout: float | None) -> Message | None:
        """Takes a message that no callback takes, of this filter or of any.

        Returns:
            None if none came within `timeout` seconds, or when none will come any more.

        Raises:
            M531xError: What ended the stream of messages, if that was not `close`.
        """
        try:
            return self._native.take(filter_, timeout)
        except ClosedError:
            if self._forked:
                raise
            return None

    def stop(self) -> None:
        """Ends the thread, after the callback that is running; the native modem must be closed."""
        self._stopped = True
        if self._thread is not threading.current_thread():
            self._thread.join(_LAST_CALLBACK_S)

    def invalidate_after_fork(self, native: _native.Modem) -> None:
        """In a forked child, without the thread: readers get the error of this native modem."""
        self._lock = threading.Lock()
        self._native = native
        self._forked = True

    def _run(self) -> None:
        native = self._native
        try:
            while not self._stopped:
                batch = native.recv_batch(_BATCH, None)
                self._event_log.pump()
                self._dispatch(batch)
        except M531xError:
            pass  # readers and operations report how it ended
        finally:
            self._event_log.pump()
            # Closing the modem has ended all deliveries; each callback runs once.
            for token in list(self._deliveries):
                self._finish_delivery(token)

    def _dispatch(self, batch: list[Message | tuple[int, int, str, float] | int]) -> None:
        routes: dict[str, tuple[MessageCallback, ...]] = {}
        topic = ""
        callbacks: tuple[MessageCallback, ...] = ()
        for item in batch:
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
                    except BaseException:
                        self._report()
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
        for callback, arguments in self._callbacks.of_event(kind, value, text, timestamp):
            if not self._stopped:
                self._call(callback, *arguments)

    def _give_password(self, number: int) -> None:
        function = self._callbacks.password
        if function is None:
            return
        try:
            password = checked(Hidden(function()))
        except BaseException as error:
            self._report()
            self._native.set_password(number, None, why(error))
        else:
            self._native.set_password(number, password.reveal(), "")

    def _finish_delivery(self, token: int) -> None:
        with self._lock:
            delivery = self._deliveries.pop(token, None)
        if delivery is not None:
            for callback in delivery.take_callbacks():
                self._call(callback, delivery)

    def _call(self, callback: Callable[..., object], *args: Any) -> None:
        try:
            callback(*args)
        except BaseException:
            self._report()

    def _report(self) -> None:
        """Reports a callback's exception as Python reports one of a thread, and goes on."""
        self.callback_errors += 1
        threading.excepthook(
            threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread()))
        )
