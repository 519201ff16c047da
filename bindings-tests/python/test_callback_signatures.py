"""A callback of a wrong shape is refused when it is set, and the error tells the right one."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import m531x
from aio_support import connected, run


def nothing() -> None: ...


def one(_thing: object) -> None: ...


def two(_first: object, _second: object) -> None: ...


def by_name(*, message: object) -> None: ...


def generator(message: object) -> Iterator[object]:
    yield message


async def coroutine(_thing: object) -> None: ...


class Callable:
    """Callable objects and bound methods, of both kinds."""

    def __call__(self, thing: object) -> None: ...

    def method(self, thing: object) -> None: ...

    def method_of_two(self, first: object, second: object) -> None: ...

    async def coroutine_method(self, thing: object) -> None: ...

    @staticmethod
    def static(thing: object) -> None: ...


class Awaitable:
    """Called, it would give a coroutine."""

    async def __call__(self, thing: object) -> None: ...


class Plain:
    """Cannot be called."""


SHAPES: dict[str, tuple[Any, str]] = {
    "no parameter": (
        nothing,
        r"nothing\(\).*cannot be called as {}: .*one argument",
    ),
    "two parameters": (two, r"two.*cannot be called as {}"),
    "only by name": (by_name, r"by_name.*cannot be called as {}"),
    "a lambda": (lambda: None, r"lambda.*cannot be called as {}"),
    "a bound method": (Callable().method_of_two, r"method_of_two.*cannot be called as {}"),
    "a partial that is full": (functools.partial(one, 1), r"partial.*cannot be called as {}"),
    "a generator function": (generator, r"generator function.*{} without yield"),
    "a text": ("on_message", r"is str: give a function like {}"),
    "an object": (Plain(), r"is Plain: give a function like {}"),
    "a class": (threading.Event, r"Event.*cannot be called as {}"),
}
COROUTINES: dict[str, Any] = {
    "a coroutine function": coroutine,
    "a partial of one": functools.partial(coroutine),
    "a coroutine method": Callable().coroutine_method,
    "an object with a coroutine": Awaitable(),
}
GOOD: dict[str, Any] = {
    "a function": one,
    "a lambda": lambda _thing: None,
    "a partial": functools.partial(two, 1),
    "a bound method": Callable().method,
    "a static method": Callable.static,
    "a method of a builtin": [].append,
    "a builtin": print,
    "an object": Callable(),
    "a class": str,
}


def setters(modem: Any) -> dict[str, tuple[Any, str]]:
    """Everything that takes a callback of one argument, and the signature it tells."""
    return {
        "on_message": (lambda c: setattr(modem, "on_message", c), r"on_message\(message\)"),
        "on_disconnect": (lambda c: setattr(modem, "on_disconnect", c), r"on_disconnect\(reason\)"),
        "on_event": (lambda c: setattr(modem, "on_event", c), r"on_event\(event\)"),
        "subscribe": (lambda c: modem.subscribe("t", callback=c), r"callback\(message\)"),
    }


@pytest.mark.parametrize("name", [*SHAPES, *COROUTINES])
def test_a_wrong_shape_is_refused_with_the_right_one(memory_modem: m531x.Modem, name: str) -> None:
    sent = memory_modem.stats().bytes_sent
    for set_it, signature in setters(memory_modem).values():
        if name in SHAPES:
            callback, expected = SHAPES[name]
        else:
            callback, expected = COROUTINES[name], r"coroutine function.*plain function like {}"
        with pytest.raises(m531x.InvalidArgumentError, match=expected.format(signature)):
            set_it(callback)
    assert memory_modem.on_message is None
    assert memory_modem.subscriptions() == []
    assert memory_modem.stats().bytes_sent == sent


@pytest.mark.parametrize("name", GOOD)
def test_whatever_can_be_called_so_is_a_callback(memory_modem: m531x.Modem, name: str) -> None:
    for set_it, _ in setters(memory_modem).values():
        set_it(GOOD[name])
    assert memory_modem.on_message == GOOD[name]


def test_a_callback_without_arguments_is_for_on_connect_only(memory_modem: m531x.Modem) -> None:
    memory_modem.on_connect = nothing
    with pytest.raises(m531x.InvalidArgumentError, match=r"on_connect\(\).*no arguments"):
        memory_modem.on_connect = one  # type: ignore[assignment]


def test_a_done_callback_is_checked_too(memory_modem: m531x.Modem) -> None:
    delivery = memory_modem.publish_nowait("t", "x")
    for wrong in (nothing, coroutine, 5):
        with pytest.raises(m531x.InvalidArgumentError, match=r"done_callback\(delivery\)"):
            delivery.add_done_callback(wrong)  # type: ignore[arg-type]


def test_the_modem_for_asyncio_refuses_the_same_and_takes_coroutine_functions() -> None:
    async def main() -> None:
        async with await connected() as modem:

            async def set_it(name: str, callback: object) -> None:
                done = setters(modem)[name][0](callback)
                if done is not None:
                    await done

            for setter, (_, signature) in setters(modem).items():
                for callback, expected in SHAPES.values():
                    with pytest.raises(
                        m531x.InvalidArgumentError, match=expected.format(signature)
                    ):
                        await set_it(setter, callback)
                for good in (*GOOD.values(), *COROUTINES.values()):
                    await set_it(setter, good)
            delivery = modem.publish_nowait("t", "x")
            with pytest.raises(m531x.InvalidArgumentError, match="coroutine function"):
                delivery.add_done_callback(coroutine)

    run(main)
