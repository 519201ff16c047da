"""A password that is a function, because it expires."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import m531x
from aio_support import run
from m531x import EventKind, aio

SOON = m531x.Recovery(initial_delay=0.1, max_delay=60.0)


@pytest.fixture
def guarded(broker: Any) -> Iterator[m531x.VirtualModem]:
    """A module that tells the broker's return code, towards a broker that wants a password."""
    with m531x.VirtualModem(broker=broker.guarded, firmware="manual") as virtual:
        yield virtual


class Tokens:
    """Gives one password after the other, the last one for ever, and remembers who asked."""

    def __init__(self, *passwords: str | Exception) -> None:
        """Has given none yet."""
        self._left = list(passwords)
        self.threads: list[str] = []

    def __call__(self) -> str:
        """The next one."""
        self.threads.append(threading.current_thread().name)
        given = self._left.pop(0) if len(self._left) > 1 else self._left[0]
        if isinstance(given, Exception):
            raise given
        return given


def connect(modem: m531x.Modem, client_id: str, password: Callable[[], str]) -> None:
    modem.connect("broker.example", client_id=client_id, username="meter", password=password)


def test_the_function_is_asked_by_the_thread_that_connects(
    guarded: m531x.VirtualModem, client_id: str
) -> None:
    tokens = Tokens("right")
    with m531x.Modem(guarded.port) as modem:
        connect(modem, client_id, tokens)
        assert modem.publish("test/a", "x", qos=1).qos == 1
    assert tokens.threads == [threading.current_thread().name]


def test_a_refused_password_is_asked_for_once_more(
    guarded: m531x.VirtualModem, client_id: str
) -> None:
    with m531x.Modem(guarded.port) as modem:
        tokens = Tokens("expired", "right")
        connect(modem, client_id, tokens)
        assert len(tokens.threads) == 2
        dead = Tokens("dead")
        with pytest.raises(m531x.ConnectError) as caught:
            connect(modem, client_id, dead)
        assert caught.value.return_code in (4, 5)
        assert len(dead.threads) == 2
        shown = [repr(modem), repr(guarded.transcript), str(caught.value)]
        assert not [text for text in shown if "expired" in text or "dead" in text]


def test_an_exception_of_the_function_is_a_connect_error(
    guarded: m531x.VirtualModem, client_id: str
) -> None:
    with m531x.Modem(guarded.port) as modem:
        with pytest.raises(
            m531x.ConnectError, match="the password function raised KeyError"
        ) as caught:
            connect(modem, client_id, Tokens(KeyError("geheim")))
        assert isinstance(caught.value.__cause__, KeyError)
        assert "geheim" not in str(caught.value)
        with pytest.raises(m531x.ConnectError, match="ArgumentTypeError"):
            connect(modem, client_id, lambda: 7)  # type: ignore[arg-type,return-value]


def test_every_recovery_asks_on_the_thread_of_the_callbacks(
    guarded: m531x.VirtualModem, client_id: str
) -> None:
    tokens = Tokens("right")
    connected = threading.Semaphore(0)
    with m531x.Modem(guarded.port, recovery=SOON) as modem:
        modem.on_connect = connected.release
        connect(modem, client_id, tokens)
        assert connected.acquire(timeout=10)
        guarded.reboot()
        assert connected.acquire(timeout=20)
        assert modem.publish("test/a", "x", qos=1).qos == 1
    assert tokens.threads == [threading.current_thread().name, "m531x-dispatcher"]


@pytest.mark.parametrize("then", ["dead", ValueError("geheim")])
def test_a_recovery_without_a_good_password_says_so_and_tries_rarely(
    guarded: m531x.VirtualModem, client_id: str, then: str | Exception, monkeypatch: Any
) -> None:
    raised: queue.SimpleQueue[object] = queue.SimpleQueue()
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.put(args.exc_type))
    events: queue.SimpleQueue[m531x.Event] = queue.SimpleQueue()
    tokens = Tokens("right", then)
    with m531x.Modem(guarded.port, recovery=SOON) as modem:
        connect(modem, client_id, tokens)
        modem.on_event = events.put
        guarded.reboot()
        told: list[m531x.Event] = []
        for kind in (EventKind.LOGIN_REFUSED, EventKind.RECOVERING):
            told.append(events.get(timeout=30))
            while told[-1].kind is not kind:
                told.append(events.get(timeout=30))
        # Five times the longest delay, a fifth more or less.
        assert "attempt 2 in" in told[-1].text
        seconds = float(told[-1].text.split(" in ")[1].split(" s")[0])
        assert 239 <= seconds <= 361
    refused = next(event for event in told if event.kind is EventKind.LOGIN_REFUSED)
    assert "geheim" not in str(told)
    if isinstance(then, Exception):
        assert refused.value == -1
        assert raised.get(timeout=5) is ValueError
        assert len(tokens.threads) == 2
    else:
        assert refused.value in (4, 5)
        assert len(tokens.threads) == 3


def test_a_callback_may_connect_with_a_function(
    guarded: m531x.VirtualModem, client_id: str
) -> None:
    ended: queue.SimpleQueue[object] = queue.SimpleQueue()
    with m531x.Modem(guarded.port) as modem:

        def on_event(event: m531x.Event) -> None:
            if "CSCON" in event.text:
                try:
                    connect(modem, client_id, Tokens("right"))
                except Exception as error:
                    ended.put(error)
                else:
                    ended.put(None)

        modem.on_event = on_event
        guarded.inject(b"+CSCON:1\r\n")
        assert ended.get(timeout=20) is None
        assert modem.state is m531x.MqttState.CONNECTED


def test_what_cannot_be_called_for_a_password_is_refused_at_once() -> None:
    async def token() -> str:
        return "right"

    with m531x.Modem("virtual://") as modem:
        with pytest.raises(m531x.InvalidArgumentError, match="coroutine"):
            connect(modem, "test", token)  # type: ignore[arg-type]
        with pytest.raises(m531x.InvalidArgumentError, match="no arguments"):
            connect(modem, "test", lambda host: host)  # type: ignore[arg-type,misc]
        with pytest.raises(m531x.InvalidArgumentError, match="username"):
            modem.connect("b", client_id="c", password=lambda: "x")


@pytest.mark.parametrize("is_coroutine", [True, False])
def test_in_an_event_loop_the_function_may_be_a_coroutine_function(
    guarded: m531x.VirtualModem, client_id: str, is_coroutine: bool
) -> None:
    plain = Tokens("expired", "right")

    async def awaited() -> str:
        await asyncio.sleep(0)
        return plain()

    async def main() -> None:
        connected = asyncio.Semaphore(0)
        async with aio.Modem(guarded.port, recovery=SOON) as modem:
            modem.on_connect = connected.release
            password = awaited if is_coroutine else plain
            await modem.connect(
                "broker.example", client_id=client_id, username="meter", password=password
            )
            assert len(plain.threads) == 2
            await asyncio.wait_for(connected.acquire(), 10)
            guarded.reboot()
            await asyncio.wait_for(connected.acquire(), 20)
            assert len(plain.threads) == 3

    run(main)


def test_in_an_event_loop_an_exception_of_the_function_is_a_connect_error(
    guarded: m531x.VirtualModem, client_id: str
) -> None:
    async def fails() -> str:
        raise KeyError("geheim")

    async def main() -> None:
        async with aio.Modem(guarded.port) as modem:
            with pytest.raises(m531x.ConnectError, match="raised KeyError") as caught:
                await modem.connect(
                    "broker.example", client_id=client_id, username="meter", password=fails
                )
            assert "geheim" not in str(caught.value)

    run(main)
