"""The thread that hands messages and events to callbacks, or to the inbox.

The native module fills one bounded queue and never calls into Python. One thread per modem drains
that queue in batches, with the interpreter free while it waits, and runs the callbacks in the order
of arrival. It runs as long as the modem is open, even without callbacks: unread events would
otherwise fill the queue, and a full queue stops the reading of the port.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from m531x import _native
from m531x._callbacks import CallbackRegistry
from m531x._errors import ClosedError, M531xError
from m531x._event_log import EventLog
from m531x._inbox import Inbox
from m531x._native import Message
from m531x._password import checked, why
from m531x._routes import MessageCallback, Route
from m531x._secret import Hidden
from m531x._types import EventKind

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
        queue_size: int,
        overflow: str,
        event_log: EventLog,
    ) -> None:
        """Starts no thread yet."""
        self._native = native
        self._callbacks = callbacks
        self._routes = callbacks.routes
        self._event_log = event_log
        self._inbox = Inbox(queue_size, overflow)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="m531x-dispatcher", daemon=True)
        self._stopped = False
        self._deliveries: dict[int, _Delivery] = {}
        self.callback_errors: int = 0

    @property
    def queued(self) -> int:
        """The number of messages that wait for ``messages()``."""
        return len(self._inbox)

    @property
    def dropped(self) -> int:
        """The number of messages dropped here because they were not read in time."""
        return self._inbox.dropped

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
        """Takes a message that no callback took; None if none came within the time."""
        return self._inbox.take(filter_, timeout)

    def stop(self) -> None:
        """Ends the thread, after the callback that is running; the native modem must be closed."""
        self._stopped = True
        self._inbox.end()
        if self._thread is not threading.current_thread():
            self._thread.join(_LAST_CALLBACK_S)

    def invalidate_after_fork(self) -> None:
        """In a forked child, which has no thread: ends the waits of readers, replaces the locks."""
        self._lock = threading.Lock()
        self._inbox = Inbox(1, "drop_newest")
        self._inbox.end(ClosedError(_native.FORKED))

    def _run(self) -> None:
        native = self._native
        try:
            while not self._stopped:
                batch = native.recv_batch(_BATCH, None)
                self._event_log.pump()
                self._dispatch(batch)
        except ClosedError:
            self._inbox.end()
        except M531xError as error:
            self._inbox.end(error)
        finally:
            self._event_log.pump()
            # Closing the modem has ended all deliveries; each callback runs once.
            for token in list(self._deliveries):
                self._finish_delivery(token)

    def _dispatch(self, batch: list[Message | tuple[int, int, str, float] | int]) -> None:
        loose: list[tuple[Message, tuple[str, ...]]] = []
        routes: dict[str, Route] | None = None
        topic = ""
        callbacks: tuple[MessageCallback, ...] = ()
        filters: tuple[str, ...] = ()
        for item in batch:
            if type(item) is Message:
                # Messages of one topic in a row share its text; most streams are of few topics.
                if item.topic is not topic or self._routes.known is not routes:
                    topic, routes = item.topic, self._routes.known
                    callbacks, filters = routes.get(topic) or self._routes.find(topic)
                if not callbacks:
                    loose.append((item, filters))
                    continue
                if loose:
                    self._inbox.put(loose)
                    loose = []
                for callback in callbacks:
                    try:
                        callback(item)
                    except BaseException:
                        self._report()
                    if self._stopped:
                        return
            else:
                if loose:
                    self._inbox.put(loose)
                    loose = []
                if type(item) is int:
                    self._finish_delivery(item)
                elif type(item) is tuple:
                    self._notify(item)
                if self._stopped:
                    return
        if loose:
            self._inbox.put(loose)

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
