"""What arrives for a modem of an event loop: callbacks in order, and messages for readers."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable

from m531x import _native, _watch
from m531x._callbacks import CallbackRegistry
from m531x._constants import EventKind
from m531x._errors import ClosedError, M531xError, OperationCancelledError
from m531x._event_log import EventLog
from m531x._native import Message
from m531x._password import ask_awaiting, why
from m531x._routes import Route

__all__ = ["Receiver"]

# What is fetched at once: a stream goes on in the next round of the loop, behind all other tasks.
_BATCH = 512
# How long close() waits for a callback that does not return before it cancels it.
_LAST_CALLBACK_S = 1.0


class Receiver:
    """Calls callbacks and serves readers; to be used in the loop's own thread.

    Messages and events wait in the native mailbox. One task fetches what is for callbacks, as fast
    as they return.
    """

    def __init__(self, callbacks: CallbackRegistry) -> None:
        """Fetches nothing yet."""
        self._callbacks = callbacks
        self._routes = callbacks.routes
        self.callback_errors: int = 0
        self.reads_ended: int = 0
        self._waiters: set[asyncio.Future[None]] = set()
        self._calling: asyncio.Task[None] | None = None
        self._ended = False
        self._error: M531xError | None = None
        self._loop: asyncio.AbstractEventLoop
        self._native: _native.Modem | None = None
        self._event_log: EventLog

    def start(self, native: _native.Modem, event_log: EventLog) -> None:
        """Fetches from now on, in the loop that is running."""
        self._loop = asyncio.get_running_loop()
        self._native = native
        self._event_log = event_log
        self._routes.bind(native)
        self.arrived()

    def arrived(self) -> None:
        """Has callbacks called and readers look, if something is there."""
        if self._ended or self._native is None:
            return
        self._event_log.pump()
        self.wake_readers()
        if self._calling is None:
            self._calling = self._loop.create_task(self._call_all(), name="m531x callbacks")

    def end_reads(self) -> None:
        """Has those stop reading who read now, behind what has arrived."""
        self.reads_ended += 1
        self.wake_readers()

    def wake_readers(self) -> None:
        """Has readers look for a message, and whether they still read."""
        for waiter in self._waiters:
            _resolve(waiter)

    async def take(self, route: Route | None, timeout: float | None, since: int) -> Message | None:
        """Takes a message that no callback takes, of this route or of any.

        Args:
            route: The route of the subscription.
            timeout: Seconds to wait.
            since: The value of `reads_ended` when the reading began.

        Returns:
            None if none came in time.

        Raises:
            ClosedError: The modem is closed, or the subscription has ended, and nothing is left.
            OperationCancelledError: The connection was ended, and nothing is left.
            M531xError: What else ended the stream of messages.
        """
        deadline = None if timeout is None else self._loop.time() + timeout
        while True:
            message = self.pop(route)
            if message is not None:
                return message
            if self._ended:
                raise self._error or ClosedError
            if route is not None and not route.live:
                raise route.ended()
            if since != self.reads_ended:
                raise OperationCancelledError
            remaining = None if deadline is None else deadline - self._loop.time()
            if remaining is not None and remaining <= 0:
                return None
            await self._change(remaining)

    def pop(self, route: Route | None) -> Message | None:
        """Takes a message if one is there."""
        if self._native is None:
            return None
        try:
            if route is None:
                return self._native.take_now(None)
            return route.take_earlier(self._native.take_now) or self._native.take_now(route.place)
        except ClosedError:
            # So it is for a subscription that has ended, too.
            if route is None or route.live:
                self.end()
        except M531xError as error:
            self.end(error)
        return None

    @property
    def forked(self) -> bool:
        """Whether this is a forked child, to which the modem does not belong."""
        return self._ended and self._native is None

    def end(self, error: M531xError | None = None) -> None:
        """Nothing more will come; readers get what is left, and then the error or the end."""
        if not self._ended:
            self._ended = True
            self._error = error
            self.wake_readers()

    def invalidate_after_fork(self) -> None:
        """In a forked child: readers get the error, and the native modem is left alone."""
        self._native = None
        self.end(ClosedError(_native.FORKED))

    async def stop(self) -> None:
        """Ends it after the callback that is running."""
        self.end()
        calling = self._calling
        if calling is not None and calling is not asyncio.current_task():
            await asyncio.wait({calling}, timeout=_LAST_CALLBACK_S)
            calling.cancel()

    async def _call_all(self) -> None:
        try:
            while not self._ended and self._native is not None:
                try:
                    batch = self._native.recv_batch(_BATCH, 0)
                except ClosedError:
                    self.end()
                    return
                except M531xError:
                    # Readers take what is left, and then end with the error.
                    self.wake_readers()
                    return
                if not batch:
                    return
                for item in batch:
                    if type(item) is Message:
                        await self._route(item)
                    elif isinstance(item, tuple):
                        await self._tell(*item)
                    if self._ended:
                        return
                # Plain functions never give way to the other tasks of the loop.
                await asyncio.sleep(0)
        finally:
            self._calling = None

    async def _route(self, message: Message) -> None:
        callbacks = self._routes.known.get(message.topic) or self._routes.find(message.topic)
        for callback in callbacks:
            await self._call(callback, (message,))
        if not callbacks and self._native is not None:
            # Its callback was removed since it arrived.
            self._native.give_back(message)

    async def _tell(self, kind: int, value: int, text: str, timestamp: float) -> None:
        self._event_log.note(kind, value, text, timestamp)
        if kind == EventKind.PASSWORD_WANTED and self._callbacks.password is not None:
            await self._call(self._give_password, (self._callbacks.password, value))
        with self._callbacks.around(kind):
            for callback, arguments in self._callbacks.of_event(kind, value, text, timestamp):
                if not self._ended:
                    await self._call(callback, arguments)

    async def _give_password(self, function: Callable[[], object], number: int) -> None:
        native = self._native
        if native is None:
            return
        try:
            password = await ask_awaiting(function)
        except BaseException as error:
            native.set_password(number, None, why(error))
            raise
        native.set_password(number, password.reveal(), "")

    async def _call(self, callback: Callable[..., object], arguments: tuple[object, ...]) -> None:
        begun = self._loop.time()
        watch: asyncio.TimerHandle | None = None
        try:
            result = callback(*arguments)
            if inspect.isawaitable(result):
                watch = self._loop.call_later(_watch.PERIOD_S, self._warn, callback, begun)
                await result
            elif self._loop.time() - begun > _watch.PERIOD_S:
                self._warn(callback, begun)
        except Exception as error:
            self.callback_errors += 1
            # Without the task: Python 3.12 and later would run the handler in its context, which
            # is in use.
            self._loop.call_exception_handler(
                {"message": f"exception in m531x callback {callback!r}", "exception": error}
            )

        finally:
            if watch is not None:
                watch.cancel()

    def _warn(self, callback: Callable[..., object], begun: float) -> None:
        """Warns of a callback that does not return, or has blocked the loop."""
        if self._native is not None:
            self._event_log.warn_of_callback([callback], self._loop.time() - begun)

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


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
