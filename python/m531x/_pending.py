"""An operation that was begun and not waited for."""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from m531x._callbacks import check_callback
from m531x._errors import ModemTimeoutError
from m531x._half_built import shows_half_built
from m531x._native import checked_timeout

__all__ = ["Pending"]

T = TypeVar("T")


@shows_half_built
class Pending(Generic[T]):
    """An operation under way, as `Modem.connect_nowait` and `Modem.subscribe_nowait` return it.

    Any thread may call every method. The operation goes on even if the program drops this.

    Examples:
        >>> import m531x
        >>> with m531x.Modem("virtual://") as modem:
        ...     connecting = modem.connect_nowait("broker.example", client_id="meter-17")
        ...     connecting.wait(timeout=60).session_present
        ...     modem.subscribe_nowait("meter/#", qos=1).wait(timeout=60).granted_qos
        False
        1
    """

    def __init__(self, title: str, run: Callable[[], T], call: Callable[..., None]) -> None:
        """The modem makes it; `run` gets a thread of its own, and `call` calls callbacks."""
        self._title = title
        self._call = call
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[Pending[T]], object]] = []
        self._result: T
        self._error: BaseException | None = None
        # In `on_connect`, `run` must know that it is of that call.
        run = functools.partial(contextvars.copy_context().run, run)
        threading.Thread(target=self._do, args=(run,), name=f"m531x-{title}", daemon=True).start()

    def __repr__(self) -> str:
        """What it does, and whether it is done."""
        return f"<m531x.Pending {self._title} {'done' if self.done() else 'under way'}>"

    def done(self) -> bool:
        """Whether it has ended, with a result or with an error."""
        return self._ended.is_set()

    def wait(self, timeout: float | None = None) -> T:
        """Waits until it has ended; several threads may wait, and wait again.

        Args:
            timeout: Seconds to wait; None waits until the end, which every operation has.

        Returns:
            What the method without ``_nowait`` returns.

        Raises:
            ModemTimeoutError: It had not ended when `timeout` was over; it goes on.
            M531xError: It failed, as the method without ``_nowait`` would have.
        """
        timeout = checked_timeout(timeout)
        # A wait without end would not hear Ctrl-C on Windows.
        while not self._ended.wait(threading.TIMEOUT_MAX if timeout is None else timeout):
            if timeout is not None:
                raise ModemTimeoutError(
                    f"{self._title} has not ended within {timeout:g} s; it goes on, wait again"
                )
        if self._error is not None:
            raise self._error
        return self._result

    def add_done_callback(self, callback: Callable[[Pending[T]], object]) -> None:
        """Calls ``callback(pending)`` once it has ended, on a thread of its own.

        Args:
            callback: Takes this object; in it `wait` returns or raises at once.

        Raises:
            InvalidArgumentError: `callback` cannot be called with one argument.
        """
        check_callback("done_callback", callback, "pending")
        with self._lock:
            if not self._ended.is_set():
                self._callbacks.append(callback)
                return
        threading.Thread(target=self._call, args=(callback, self), daemon=True).start()

    def _do(self, run: Callable[[], T]) -> None:
        try:
            self._result = run()
        except BaseException as error:
            self._error = error
        with self._lock:
            self._ended.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._call(callback, self)
