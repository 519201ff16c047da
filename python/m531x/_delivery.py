"""A publish that is under way."""

from __future__ import annotations

import threading
from collections.abc import Callable

from m531x import _native
from m531x._callbacks import check_callback
from m531x._dispatcher import Dispatcher
from m531x._errors import ClosedError
from m531x._half_built import shows_half_built
from m531x._types import Receipt

__all__ = ["Delivery"]


@shows_half_built
class Delivery:
    """A publish that is under way, as `Modem.publish_nowait` returns it.

    Any thread may call every method. The publish goes on even if the program drops the delivery.

    Examples:
        >>> import m531x
        >>> with m531x.Modem("virtual://") as modem:
        ...     _ = modem.connect("broker.example", client_id="meter-17")
        ...     deliveries = [modem.publish_nowait("count", str(n), qos=1) for n in range(3)]
        ...     [delivery.wait(timeout=5).qos for delivery in deliveries]
        [1, 1, 1]
    """

    def __init__(self, native: _native.Delivery, dispatcher: Dispatcher) -> None:
        """`Modem.publish_nowait` makes it."""
        self._native = native
        self._dispatcher = dispatcher
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[Delivery], object]] = []

    def __repr__(self) -> str:
        """Whether it is done."""
        try:
            state = "done" if self.done() else "under way"
        except ClosedError:
            state = "of the parent process"
        return f"<m531x.Delivery {state}>"

    def done(self) -> bool:
        """Whether the publish has ended, with a receipt or with an error."""
        return self._native.done()

    def wait(self, timeout: float | None = None) -> Receipt:
        """Waits until the publish has ended; several threads may wait, and wait again.

        Args:
            timeout: Seconds to wait; None waits until the end, which every publish has.

        Returns:
            The receipt.

        Raises:
            ModemTimeoutError: The publish had not ended when `timeout` was over; it goes on.
            PublishError: The module gave up waiting for the acknowledgement.
            M531xError: The publish failed for another reason, as in `Modem.publish`.
        """
        return Receipt(*self._native.wait(timeout))

    def add_done_callback(self, callback: Callable[[Delivery], object]) -> None:
        """Calls ``callback(delivery)`` on the dispatcher thread when the publish has ended.

        The callback runs once, even if the publish has ended already, and at once if the modem is
        closed; in it `wait` returns the receipt or raises the error at once.

        Args:
            callback: Takes the delivery.

        Raises:
            InvalidArgumentError: `callback` cannot be called with one argument.
        """
        check_callback("done_callback", callback, "delivery")
        # Read first: a forked child has no token, and its locks may be held forever.
        token = self._native.token
        with self._lock:
            self._callbacks.append(callback)
        self._dispatcher.watch(token, self)

    def take_callbacks(self) -> list[Callable[[Delivery], object]]:
        """Hands the dispatcher the callbacks that have not run yet."""
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
        return callbacks
