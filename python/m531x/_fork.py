"""What a fork leaves behind in the child: objects whose threads exist in the parent only.

Using them could wait for ever for a thread or a lock, and reading the port would take bytes from
the parent. The child's copies are therefore cut off from the native module.
"""

from __future__ import annotations

import os
import weakref
from typing import Any, Protocol

from m531x import _native
from m531x._errors import ClosedError

__all__ = ["invalidate_after_fork", "watch_forks"]


class _Invalidated:
    """Stands in for a native object in a forked child."""

    def __getattr__(self, name: str) -> Any:
        """Every use of it says what is wrong."""
        raise ClosedError(_native.FORKED)

    def close(self) -> None:
        """Does nothing: the parent's is not to be closed."""


class _Watched(Protocol):
    def _after_fork(self) -> None: ...


_watched: weakref.WeakSet[Any] = weakref.WeakSet()


def watch_forks(thing: _Watched) -> None:
    """Has ``thing._after_fork()`` called in every child that is forked from now on."""
    _watched.add(thing)


def invalidate_after_fork(native: object) -> Any:
    """What to use instead of a native object, which then is never used nor freed."""
    _native.leak(native)
    return _Invalidated()


def _after_fork() -> None:
    _native.note_fork()
    for thing in list(_watched):
        thing._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
