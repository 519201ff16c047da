"""Objects whose ``__init__`` has not run, or has failed: a debugger shows them all the same."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["shows_half_built"]

T = TypeVar("T")


def shows_half_built(cls: type[T]) -> type[T]:
    """Decorates a class: the ``repr`` of a half-built object says so, and raises nothing."""
    shown = cls.__repr__

    def show(half_built: T) -> str:
        try:
            return shown(half_built)
        except AttributeError:
            return f"<{cls.__module__}.{cls.__qualname__} half built>"

    show.__doc__ = shown.__doc__
    type.__setattr__(cls, "__repr__", show)
    return cls
