"""What a user gets wrong: every ignored error must be there, or the type checkers complain."""

import m531x
from m531x import aio


def refused(modem: m531x.Modem) -> None:
    """Arguments of wrong types, values that do not exist, and what is forgotten."""
    m531x.Modem("x", overflow="explode")  # type: ignore[arg-type]
    m531x.Modem(5)  # type: ignore[arg-type]
    m531x.Modem("x", "M5310-A")  # type: ignore[call-arg]
    modem.publish("a", 5)  # type: ignore[arg-type]
    modem.publish(b"a", "b")  # type: ignore[arg-type]
    modem.publish("a", "b", timeout="1")  # type: ignore[arg-type]
    modem.connect("b")  # type: ignore[call-arg]
    modem.connect("b", client_id=b"c")  # type: ignore[arg-type]
    modem.connect("b", client_id="c", will="gone")  # type: ignore[arg-type]
    modem.subscribe("a", callback=lambda: None)  # type: ignore[arg-type, misc]
    modem.on_message = 5  # type: ignore[assignment]
    modem.on_connect = lambda _reason: None  # type: ignore[assignment]
    m531x.Message("a", b"b").topic = "c"  # type: ignore[misc]
    m531x.Receipt(1, 1, 0.1).qos = 2  # type: ignore[misc]
    m531x.VirtualModem(faults=5)  # type: ignore[arg-type]


async def refused_in_a_loop(modem: aio.Modem) -> None:
    """What comes back has to be awaited."""
    (await modem.publish("a", "b")).elapsed.upper()  # type: ignore[attr-defined]
    for _ in modem.messages():  # type: ignore[attr-defined]
        pass
    async with m531x.Modem("x"):  # type: ignore[attr-defined]
        pass
