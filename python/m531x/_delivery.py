"""A publish that is under way."""

from __future__ import annotations

import threading
from collections.abc import Callable

from m531x import _native
from m531x._callbacks import check_callback
from m531x._dispatcher import Dispatcher
from m531x._errors import ClosedError
from m531x._types import Receipt

__all__ = ["Delivery"]


class Delivery:
    """A publish that is under way, as `Modem.publish_nowait` gives it.

    Every method may be called by any thread. A delivery that nobody keeps goes on all the same.

    Example:
        >>> import m531x
        >>> with m531x.Modem("virtual://") as modem:
        ...     modem.connect("broker.example", client_id="meter-17")
        ...     deliveries = [modem.publish_nowait("count", str(n), qos=1) for n in range(3)]
        ...     [delivery.wait(timeout=5).qos for delivery in deliveries]
        [1, 1, 1]
    """

    def __init__(self, native: _native.Delivery, dispatcher: Dispatcher) -> None:
        """Made by `Modem.publish_nowait` only."""
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
        """Waits until the publish has ended; may be called again, and by several threads.

        Args:
            timeout: Seconds to wait; None waits until the end, which every publish has.

        Returns:
            The receipt.

        Raises:
            ModemTimeoutError: The publish had not ended when `timeout` was over; it goes on.
            PublishError: The module gave up waiting for the acknowledgement.
            M531xError: Why the publish failed otherwise, as `Modem.publish` raises it.
        """
        return Receipt(*self._native.wait(timeout))

    def add_done_callback(self, callback: Callable[[Delivery], object]) -> None:
        """Has ``callback(delivery)`` called on the dispatcher thread when the publish has ended.

        It is called once, also if the publish has ended already; `wait` then gives the receipt or
        raises the error at once.

        Args:
            callback: Takes the delivery.

        Raises:
            InvalidArgumentError: `callback` cannot be called with one argument.
        """
        check_callback("done_callback", callback, "delivery")
        # Asked first: in a forked child, which has no token, the locks may be held for ever.
        token = self._native.token
        with self._lock:
            self._callbacks.append(callback)
        self._dispatcher.watch(token, self)

    def take_callbacks(self) -> list[Callable[[Delivery], object]]:
        """For the dispatcher: the callbacks that are still to be called."""
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
        return callbacks
