"""What arrives for a modem of an event loop: callbacks in order, and messages for readers."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable

from m531x._callbacks import CallbackRegistry
from m531x._errors import ClosedError, M531xError
from m531x._event_log import EventLog
from m531x._native import Message
from m531x._password import ask_awaiting, why
from m531x._store import Store
from m531x._types import EventKind

__all__ = ["Receiver"]

SetPassword = Callable[[int, str | None, str], bool]
Fetch = Callable[[int], list[Message | tuple[int, int, str, float] | int]]

# What is fetched at once: a stream goes on in the next round of the loop, behind everybody else.
_BATCH = 512
# How long close() waits for a callback that does not return before it cancels it.
_LAST_CALLBACK_S = 1.0


class Receiver:
    """Routes messages and events; to be used in the loop's own thread.

    While readers or callbacks are behind by `limit` nothing more is fetched: the native queue, of
    the same size, then does what its overflow policy says.
    """

    def __init__(self, callbacks: CallbackRegistry, limit: int, overflow: str) -> None:
        """Fetches nothing yet."""
        self._callbacks = callbacks
        self._routes = callbacks.routes
        self.dropped: int = 0
        self.callback_errors: int = 0
        self._limit = limit
        self._overflow = overflow
        self._store = Store()
        self._waiters: set[asyncio.Future[None]] = set()
        self._calls: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._calling: asyncio.Task[None] | None = None
        self._held_up = False
        self._ended = False
        self._error: M531xError | None = None
        self._loop: asyncio.AbstractEventLoop
        self._fetch: Fetch | None = None
        self._event_log: EventLog
        self._set_password: SetPassword

    def start(self, fetch: Fetch, event_log: EventLog, set_password: SetPassword) -> None:
        """Fetches from now on, in the loop that is running."""
        self._set_password = set_password
        self._loop = asyncio.get_running_loop()
        self._fetch = fetch
        self._event_log = event_log
        self.arrived()

    @property
    def queued(self) -> int:
        """How many messages wait for readers, and callbacks for their turn."""
        return len(self._store) + len(self._calls)

    def arrived(self) -> None:
        """Fetches and routes what is there, as far as there is room."""
        if self._ended or self._fetch is None:
            return
        self._event_log.pump()
        room = self._limit - len(self._calls)
        if self._overflow == "block":
            room -= len(self._store)
            if self._store.is_full(self._limit):
                room = 0
        if room <= 0:
            self._held_up = True
            return
        most = min(room, _BATCH)
        try:
            batch = self._fetch(most)
        except ClosedError:
            self.end()
            return
        except M531xError as error:
            self.end(error)
            return
        for item in batch:
            if type(item) is Message:
                self._route(item)
            elif isinstance(item, tuple):
                self._tell(*item)
        if len(self._store):
            self._wake_readers()
        if self._calls and self._calling is None:
            self._calling = self._loop.create_task(self._call_all(), name="m531x callbacks")
        if batch:
            # There may be more, or the end, which comes only when all else was fetched.
            self._loop.call_soon(self.arrived)

    async def take(self, filter_: str | None, timeout: float | None) -> Message | None:
        """Takes a message that no callback took; None if none came within the time."""
        deadline = None if timeout is None else self._loop.time() + timeout
        self.arrived()
        while True:
            message = self._store.pop(filter_)
            if message is not None:
                self._let_in()
                return message
            if self._ended:
                if self._error is not None:
                    raise self._error
                return None
            remaining = None if deadline is None else deadline - self._loop.time()
            if remaining is not None and remaining <= 0:
                return None
            await self._change(remaining)

    def pop(self, filter_: str | None) -> Message | None:
        """Takes a message if one is there."""
        message = self._store.pop(filter_)
        if message is not None:
            self._let_in()
        return message

    def end(self, error: M531xError | None = None) -> None:
        """Nothing more will come; readers get what is left, and then the error or the end."""
        if not self._ended:
            self._ended = True
            self._error = error
            self._wake_readers()

    async def stop(self) -> None:
        """Ends it after the callback that is running."""
        self.end()
        self._calls.clear()
        calling = self._calling
        if calling is not None and calling is not asyncio.current_task():
            await asyncio.wait({calling}, timeout=_LAST_CALLBACK_S)
            calling.cancel()

    def _route(self, message: Message) -> None:
        route = self._routes.known.get(message.topic) or self._routes.find(message.topic)
        for callback in route.callbacks:
            self._calls.append((callback, (message,)))
        if route.callbacks:
            return
        while self._overflow != "block" and self._store.is_full(self._limit):
            self.dropped += 1
            if self._overflow == "drop_newest":
                return
            self._store.pop(None)
        self._store.push(message, route.filters)

    def _tell(self, kind: int, value: int, text: str, timestamp: float) -> None:
        self._event_log.note(kind, value, text, timestamp)
        if kind == EventKind.PASSWORD_WANTED and self._callbacks.password is not None:
            self._calls.append((self._give_password, (self._callbacks.password, value)))
        self._calls.extend(self._callbacks.of_event(kind, value, text, timestamp))

    async def _give_password(self, function: Callable[[], object], number: int) -> None:
        try:
            password = await ask_awaiting(function)
        except BaseException as error:
            self._set_password(number, None, why(error))
            raise
        self._set_password(number, password.reveal(), "")

    async def _call_all(self) -> None:
        count = 0
        try:
            while self._calls:
                callback, arguments = self._calls.popleft()
                await self._call(callback, arguments)
                self._let_in()
                count += 1
                if count % _BATCH == 0:
                    # Plain functions never give way to the other tasks of the loop.
                    await asyncio.sleep(0)
        finally:
            self._calling = None

    async def _call(self, callback: Callable[..., object], arguments: tuple[object, ...]) -> None:
        try:
            result = callback(*arguments)
            if inspect.isawaitable(result):
                await result
        except Exception as error:
            self.callback_errors += 1
            self._loop.call_exception_handler(
                {
                    "message": f"exception in m531x callback {callback!r}",
                    "exception": error,
                    "task": asyncio.current_task(),
                }
            )

    async def _change(self, timeout: float | None) -> None:
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.add(waiter)
        timer = None if timeout is None else self._loop.call_later(timeout, _resolve, waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            if timer is not None:
                timer.cancel()

    def _wake_readers(self) -> None:
        for waiter in self._waiters:
            _resolve(waiter)

    def _let_in(self) -> None:
        if self._held_up and not self._ended:
            self._held_up = False
            self._loop.call_soon(self.arrived)


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
