"""Objects in a forked child whose threads exist in the parent only.

Using them could wait forever for a thread or a lock, and reading the port would take bytes from the
parent. `invalidate_after_fork` therefore separates the child's copies from the native module.
"""

from __future__ import annotations

import os
import weakref
from typing import Any, Protocol

from m531x import _native
from m531x._errors import ClosedError

__all__ = ["invalidate_after_fork", "is_invalidated", "watch_forks"]


class _Invalidated:
    """Stands in for a native object in a forked child."""

    def __getattr__(self, name: str) -> Any:
        """Raises the error that names the fork, for every use."""
        raise ClosedError(_native.FORKED)

    def close(self) -> None:
        """Does nothing: the object of the parent stays open."""


class _Watched(Protocol):
    def _after_fork(self) -> None: ...


_watched: weakref.WeakSet[Any] = weakref.WeakSet()


def watch_forks(thing: _Watched) -> None:
    """Calls ``thing._after_fork()`` in every child that is forked from now on."""
    _watched.add(thing)


def invalidate_after_fork(native: object) -> Any:
    """Returns a stand-in for a native object, which is then never used and never freed."""
    _native.leak(native)
    return _Invalidated()


def is_invalidated(native: object) -> bool:
    """Whether this is the stand-in, so that this is a forked child."""
    return isinstance(native, _Invalidated)


def _after_fork() -> None:
    _native.note_fork()
    for thing in list(_watched):
        thing._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
