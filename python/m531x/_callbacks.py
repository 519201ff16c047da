"""The callbacks of a modem, and their check at the time when they are set."""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Callable
from typing import Any

from m531x._constants import EventKind
from m531x._errors import ArgumentTypeError, InvalidArgumentError
from m531x._routes import Routes
from m531x._types import Event

__all__ = ["CallbackRegistry", "check_callback", "name_of", "report_exception"]


def report_exception(error: BaseException) -> None:
    """Reports a callback's exception as Python reports one of a thread; it ends nothing."""
    if isinstance(error, SystemExit):
        # `threading.excepthook` says nothing about it: elsewhere it ends a thread.
        code = "" if error.code is None else repr(error.code)
        shown = RuntimeError(
            f"sys.exit({code}) in a callback does not end the program: set an event that the "
            "main thread waits for"
        )
        shown.__cause__ = error
        error = shown.with_traceback(error.__traceback__)
    threading.excepthook(
        threading.ExceptHookArgs(
            (type(error), error, error.__traceback__, threading.current_thread())
        )
    )


class CallbackRegistry:
    """The callbacks of one modem; the consumer of the native queue calls them."""

    def __init__(self) -> None:
        """Starts without callbacks."""
        self.routes: Routes = Routes()
        self.on_connect: Callable[[], object] | None = None
        self.on_disconnect: Callable[[str], object] | None = None
        self.on_event: Callable[[Event], object] | None = None
        self.password: Callable[[], object] | None = None

    def around(self, kind: int) -> contextlib.AbstractContextManager[None]:
        """What the callbacks of an event of this kind are called in."""
        if kind == EventKind.CONNECTED:
            return self.routes.round_of_on_connect()
        return contextlib.nullcontext()

    def of_event(
        self, kind: int, value: int, text: str, timestamp: float
    ) -> list[tuple[Callable[..., object], tuple[Any, ...]]]:
        """The callbacks to call for an event, with their arguments."""
        calls: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        if kind == EventKind.CONNECTED and self.on_connect is not None:
            calls.append((self.on_connect, ()))
        elif kind == EventKind.DISCONNECTED and self.on_disconnect is not None:
            calls.append((self.on_disconnect, (text,)))
        if self.on_event is not None:
            calls.append((self.on_event, (Event(EventKind(kind), value, text, timestamp),)))
        return calls


def check_callback(name: str, callback: Any, *parameters: str, awaited: bool = False) -> None:
    """Refuses a callback that cannot be called with these parameters.

    Args:
        name: The name of its role, such as ``"on_message"``.
        callback: The callback.
        parameters: The names of its parameters.
        awaited: Whether it may be a coroutine function.

    Raises:
        InvalidArgumentError: It does not fit; the text gives the expected signature.
    """
    expected = f"{name}({', '.join(parameters)})"
    if not callable(callback):
        raise ArgumentTypeError(
            f"{name} is {type(callback).__name__}: give a function like {expected}"
        )
    called = callback if inspect.isroutine(callback) else getattr(callback, "__call__", callback)  # noqa: B004
    if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
        raise ArgumentTypeError(
            f"{name_of(callback)} is a generator function, and calling it runs nothing: "
            f"give a function like {expected} without yield"
        )
    if not awaited and (
        inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(called)
    ):
        raise InvalidArgumentError(
            f"{name_of(callback)} is a coroutine function, which is not awaited here: "
            f"give a plain function like {expected}"
        )
    try:
        signature = inspect.signature(callback)
    except (TypeError, ValueError):
        return  # some builtins have none
    try:
        signature.bind(*parameters)
    except TypeError:
        raise InvalidArgumentError(
            f"{name_of(callback)}{signature} cannot be called as {expected}: "
            f"give a function that takes {_count(parameters)}"
        ) from None


def name_of(callback: Any) -> str:
    """The name of a callback, for people."""
    return str(getattr(callback, "__name__", type(callback).__name__))


def _count(parameters: tuple[str, ...]) -> str:
    if not parameters:
        return "no arguments"
    return f"one argument, the {parameters[0]}" if len(parameters) == 1 else ", ".join(parameters)
