"""A publish that is under way, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

from m531x._callbacks import check_callback
from m531x._errors import ModemTimeoutError
from m531x._half_built import shows_half_built
from m531x._native import checked_timeout
from m531x._types import Receipt

__all__ = ["Delivery"]


@shows_half_built
class Delivery:
    """A publish that is under way, as `Modem.publish_nowait` returns it.

    Any number of tasks may await it, any number of times. The publish goes on if a waiting task is
    cancelled, or if the program keeps no reference.

    Examples:
        >>> import asyncio
        >>> from m531x import aio
        >>> async def main() -> None:
        ...     async with aio.Modem("virtual://") as modem:
        ...         await modem.connect("broker.example", client_id="meter-17")
        ...         deliveries = [modem.publish_nowait("count", str(n), qos=1) for n in range(3)]
        ...         print([(await delivery).qos for delivery in deliveries])
        >>> asyncio.run(main())
        [1, 1, 1]
    """

    def __init__(self, future: asyncio.Future[Any]) -> None:
        """`Modem.publish_nowait` makes it."""
        self._future = future
        # The outcome is optional, so asyncio must not complain if the program never retrieves it.
        future.add_done_callback(_retrieve)

    def __repr__(self) -> str:
        """Whether it is done."""
        return f"<m531x.aio.Delivery {'done' if self.done() else 'under way'}>"

    def __await__(self) -> Generator[Any, None, Receipt]:
        """Waits until the publish has ended; the same as `wait`."""
        return self.wait().__await__()

    def done(self) -> bool:
        """Whether the publish has ended, with a receipt or with an error."""
        return self._future.done()

    async def wait(self, timeout: float | None = None) -> Receipt:
        """Waits until the publish has ended.

        Args:
            timeout: Seconds to wait; None waits until the end, which every publish has.

        Returns:
            The receipt.

        Raises:
            ModemTimeoutError: The publish had not ended when `timeout` was over; it goes on.
            PublishError: The module gave up waiting for the acknowledgement.
            M531xError: The publish failed for another reason, as in `Modem.publish`.
        """
        timeout = checked_timeout(timeout)
        await asyncio.wait({self._future}, timeout=timeout)
        if not self._future.done():
            raise ModemTimeoutError(
                f"the publish was not complete within {timeout} s; it goes on, "
                "wait again or publish with a timeout"
            )
        return Receipt(*self._future.result())

    def add_done_callback(self, callback: Callable[[Delivery], object]) -> None:
        """Calls ``callback(delivery)`` in the event loop when the publish has ended.

        Args:
            callback: A plain function that takes the delivery.

        Raises:
            InvalidArgumentError: `callback` cannot be called with one argument.
        """
        check_callback("done_callback", callback, "delivery")
        self._future.add_done_callback(lambda _: callback(self))


def _retrieve(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
