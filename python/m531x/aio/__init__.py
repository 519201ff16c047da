"""The modem for asyncio.

`m531x.aio.Modem` is `m531x.Modem` with ``await``: the same methods, arguments, values and errors.

Examples:
    >>> import asyncio
    >>> from m531x import aio
    >>> async def main() -> None:
    ...     async with aio.Modem("virtual://") as modem:  # or "/dev/ttyUSB0"
    ...         await modem.connect("broker.example", client_id="meter-17")
    ...         await modem.subscribe("meter/#")
    ...         await modem.publish("meter/17/count", "42", qos=1)
    ...         message = await modem.receive(timeout=5)
    ...         print(message.topic, message.text)
    >>> asyncio.run(main())
    meter/17/count 42

How it waits: when an operation has ended, or a message or event has arrived, the native module
raises the one signal of the modem, a descriptor that the event loop watches; the loop then fetches
everything. No Python thread waits, nothing polls, and each of hundreds of modems in one loop costs
a descriptor and a sleeping native thread. For a loop that cannot watch descriptors (the proactor
loop of Windows) a Python thread for each modem waits for the signal instead.

Cancelling a coroutine abandons its operation; a late answer of the module becomes an event, and the
next command gets its own answer.
"""

from __future__ import annotations

from m531x.aio._delivery import Delivery
from m531x.aio._modem import Modem
from m531x.aio._subscription import Subscription

__all__ = ["Delivery", "Modem", "Subscription"]
