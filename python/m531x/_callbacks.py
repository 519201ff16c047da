"""Checks a callback when it is set, so that a wrong one is not found out by the first message."""

from __future__ import annotations

import inspect
from typing import Any

from m531x._argument_type import ArgumentTypeError
from m531x._errors import InvalidArgumentError

__all__ = ["check_callback"]


def check_callback(name: str, callback: Any, *parameters: str, awaited: bool = False) -> None:
    """Refuses what cannot be called with these parameters.

    Args:
        name: What it is to be, such as ``"on_message"``.
        callback: The callback.
        parameters: The names of its parameters.
        awaited: Whether it may be a coroutine function.

    Raises:
        InvalidArgumentError: With the signature that is expected.
    """
    expected = f"{name}({', '.join(parameters)})"
    if not callable(callback):
        raise ArgumentTypeError(
            f"{name} is {type(callback).__name__}: give a function like {expected}"
        )
    called = callback if inspect.isroutine(callback) else getattr(callback, "__call__", callback)  # noqa: B004
    if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
        raise ArgumentTypeError(
            f"{_name_of(callback)} is a generator function, of which a call runs nothing: "
            f"give a function like {expected} without yield"
        )
    if not awaited and (
        inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(called)
    ):
        raise InvalidArgumentError(
            f"{_name_of(callback)} is a coroutine function, which nobody would await: "
            f"give a plain function like {expected}"
        )
    try:
        signature = inspect.signature(callback)
    except (TypeError, ValueError):
        return  # some builtins do not tell theirs
    try:
        signature.bind(*parameters)
    except TypeError:
        raise InvalidArgumentError(
            f"{_name_of(callback)}{signature} cannot be called as {expected}: "
            f"give a function that takes {_count(parameters)}"
        ) from None


def _name_of(callback: Any) -> str:
    return str(getattr(callback, "__name__", type(callback).__name__))


def _count(parameters: tuple[str, ...]) -> str:
    if not parameters:
        return "no arguments"
    return f"one argument, the {parameters[0]}" if len(parameters) == 1 else ", ".join(parameters)
