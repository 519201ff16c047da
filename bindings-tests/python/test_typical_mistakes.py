"""What newcomers get wrong: the type of the error, and the part of its text that helps.

``python test_typical_mistakes.py`` prints the whole texts.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

import m531x
import m531x.paho
from m531x import aio


class Mistake(NamedTuple):
    """One mistake."""

    make: Callable[[Any], object]
    """Makes it, with a modem that is open and not connected."""
    error: type[Exception]
    words: tuple[str, ...]
    """What the text must have."""


def _connect(**arguments: Any) -> Callable[[Any], object]:
    return lambda modem: modem.connect(**({"host": "h", "client_id": "c"} | arguments))


def _connected(call: Callable[[Any], object]) -> Callable[[Any], object]:
    def make(modem: Any) -> object:
        modem.connect("broker.example", client_id="mistakes")
        return call(modem)

    return make


def _busy_port(_: Any) -> object:
    with m531x.VirtualModem() as virtual, m531x.Modem(virtual.port):
        return m531x.Modem(virtual.port)


def _forbidden_port(_: Any) -> object:
    with m531x.VirtualModem() as virtual:
        Path(virtual.port).chmod(0)
        user = os.geteuid()
        if user == 0:
            # To root no file is forbidden.
            try:
                os.seteuid(NOBODY)
            except PermissionError:
                pytest.skip("root may not become another user here")
        try:
            return m531x.Modem(virtual.port)
        finally:
            os.seteuid(user)


def _file_as_port(_: Any) -> object:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "readings.txt")
        file.touch()
        return m531x.Modem(file)


def _dead_broker(_: Any) -> object:
    with m531x.VirtualModem(broker="127.0.0.1:1") as virtual, m531x.Modem(virtual.port) as modem:
        return modem.connect("broker.example", client_id="c", timeout=0.5)


def _tls_against_a_plain_broker(_: Any) -> object:
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        m531x.VirtualModem("M5311", broker=f"127.0.0.1:{deaf.getsockname()[1]}") as virtual,
        m531x.Modem(virtual.port) as modem,
    ):
        return modem.connect("broker.example", client_id="c", tls=True, timeout=0.5)


def _paho_signature(modem: Any) -> object:
    modem.on_message = _as_paho_has_it
    return None


def _as_paho_has_it(client: object, userdata: object, message: m531x.Message) -> None:
    """What paho calls."""


async def _coroutine(message: m531x.Message) -> None:
    """Is never awaited by the modem for threads."""


def _misspelled(modem: Any) -> object:
    modem.on_mesage = print
    return None


def _close_in_a_callback(_: Any) -> object:
    closed = threading.Event()
    with m531x.Modem("virtual://") as modem:

        def callback(_: m531x.Message) -> None:
            modem.close()
            closed.set()

        modem.connect("broker.example", client_id="c")
        modem.subscribe("a", callback=callback)
        modem.publish_nowait("a", "x")
        assert closed.wait(10)
        return modem.publish("a", "after")


def _after_close(_: Any) -> object:
    modem = m531x.Modem("virtual://")
    modem.close()
    return modem.publish("a", "x")


def _await_of_a_sync_call(modem: Any) -> object:
    async def main() -> object:
        return await modem.signal()

    return asyncio.run(main())


def _async_with_on_the_sync_modem(modem: Any) -> object:
    async def main() -> None:
        async with modem:
            pass

    asyncio.run(main())
    return None


def _with_on_the_asyncio_modem(_: Any) -> object:
    with aio.Modem("virtual://"):  # type: ignore[attr-defined]
        return None


def _to_a_spawned_process(modem: Any) -> object:
    process = multiprocessing.get_context("spawn").Process(target=print, args=(modem,))
    process.start()
    process.join()
    return None


WRONG_PORT: Final = "COM99" if os.name == "nt" else "/dev/ttyUSB99"

NOBODY: Final = 65534

MISTAKES: Final = {
    "a port that is not there": Mistake(
        lambda _: m531x.Modem(WRONG_PORT), m531x.PortError, (WRONG_PORT, "no port")
    ),
    "a port that is in use": Mistake(_busy_port, m531x.PortError, ("in use",)),
    "a port that is forbidden": Mistake(
        _forbidden_port, m531x.PortError, ("/dev/pts/", "permission denied", "dialout")
    ),
    "a file as port": Mistake(_file_as_port, m531x.PortError, ("not a serial device",)),
    "host:port as port": Mistake(
        lambda _: m531x.Modem("localhost:5000"),
        m531x.InvalidArgumentError,
        ("tcp://localhost:5000", "rfc2217://"),
    ),
    "a host with scheme": Mistake(
        _connect(host="mqtt://h"), m531x.InvalidArgumentError, ("scheme", "alone")
    ),
    "a host with port": Mistake(
        _connect(host="h:1883"), m531x.InvalidArgumentError, ("holds a port", "argument of its own")
    ),
    "a dead broker": Mistake(_dead_broker, m531x.ModemTimeoutError, ("connecting",)),
    "a port number as text": Mistake(
        _connect(port="1883"), m531x.ArgumentTypeError, ("port", "str", "65535")
    ),
    "no client id": Mistake(lambda modem: modem.connect("h"), TypeError, ("client_id",)),
    "an empty client id": Mistake(
        _connect(client_id=""), m531x.InvalidArgumentError, ("client", "empty")
    ),
    "a keep-alive too short": Mistake(
        _connect(keepalive=5), m531x.InvalidArgumentError, ("keep-alive", "5", "10")
    ),
    "a password without user": Mistake(
        _connect(password="geheim"), m531x.InvalidArgumentError, ("without username",)
    ),
    "a client id of 200 characters, and a login": Mistake(
        _connect(client_id="c" * 200, username="u" * 20, password="p" * 30),
        m531x.InvalidArgumentError,
        ("CONNECT packet", "256"),
    ),
    "a quote in a topic": Mistake(
        _connected(lambda modem: modem.publish('a"b', "x")),
        m531x.InvalidArgumentError,
        ("topic", "double quote"),
    ),
    "a list as topic": Mistake(
        _connected(lambda modem: modem.subscribe(["a", "b"])),
        m531x.ArgumentTypeError,
        ("topic", "list"),
    ),
    "a bad filter": Mistake(
        _connected(lambda modem: modem.subscribe("a/#/b")),
        m531x.InvalidArgumentError,
        ("#", "last"),
    ),
    "publish before connect": Mistake(
        lambda modem: modem.publish("a", "x"), m531x.NotConnectedError, ("connect",)
    ),
    "a callback as paho has it": Mistake(
        _paho_signature, m531x.InvalidArgumentError, ("on_message(message)",)
    ),
    "a coroutine function as callback": Mistake(
        _connected(lambda modem: modem.subscribe("a", callback=_coroutine)),
        m531x.InvalidArgumentError,
        ("coroutine function", "plain function"),
    ),
    "a callback in the place of the QoS": Mistake(
        _connected(lambda modem: modem.subscribe("a", print)),
        m531x.ArgumentTypeError,
        ("qos", "callback="),
    ),
    "a misspelled callback": Mistake(_misspelled, AttributeError, ("on_mesage", "on_message")),
    "close in a callback": Mistake(_close_in_a_callback, m531x.ClosedError, ("closed",)),
    "use after close": Mistake(_after_close, m531x.ClosedError, ("closed",)),
    "await of a sync call": Mistake(_await_of_a_sync_call, TypeError, ("Signal",)),
    "async with on the sync modem": Mistake(
        _async_with_on_the_sync_modem, TypeError, ("m531x.aio.Modem",)
    ),
    "with on the asyncio modem": Mistake(_with_on_the_asyncio_modem, TypeError, ("async with",)),
    "a modem sent to a spawned process": Mistake(
        _to_a_spawned_process, TypeError, ("another process", "port")
    ),
    "TLS against a plain broker": Mistake(
        _tls_against_a_plain_broker, m531x.ModemTimeoutError, ("TLS", "port")
    ),
    "receive with nothing there": Mistake(
        _connected(lambda modem: modem.receive(timeout=0.01)),
        m531x.ModemTimeoutError,
        ("0.01 s", "subscribe first"),
    ),
    "receive of a subscription with nothing there": Mistake(
        _connected(lambda modem: modem.subscribe("a").receive(timeout=0.01)),
        m531x.ModemTimeoutError,
        ("no message", "0.01 s"),
    ),
    "disconnect before connect": Mistake(
        lambda modem: modem.disconnect(),
        m531x.NotConnectedError,
        ("no MQTT connection",),
    ),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", MISTAKES, ids=lambda name: name.replace(" ", "-"))
def test_the_error_has_its_type_and_says_what_helps(name: str) -> None:
    mistake = MISTAKES[name]
    with m531x.Modem("virtual://") as modem, pytest.raises(mistake.error) as caught:
        mistake.make(modem)
    text = str(caught.value)
    assert [words for words in mistake.words if words not in text] == [], text
    assert "\n" not in text
    assert "geheim" not in text


def _main() -> None:
    """Prints every text."""
    for name, mistake in MISTAKES.items():
        with m531x.Modem("virtual://") as modem:
            try:
                mistake.make(modem)
            except Exception as error:
                wrong = "" if isinstance(error, mistake.error) else "UNEXPECTED "
                print(f"| {name} | {wrong}`{type(error).__name__}` | {error} |")
            else:
                print(f"| {name} | NOTHING |")


if __name__ == "__main__":
    _main()
