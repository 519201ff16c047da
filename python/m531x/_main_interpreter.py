"""Refuses subinterpreters, which cannot share the native module, with one error in all of them."""

from __future__ import annotations

import importlib
from typing import Final

__all__: list[str] = []

# The module has another name in each version of Python, and is private in all of them.
_MODULES: Final = ("_interpreters", "_xxsubinterpreters")


def _is_main() -> bool:
    for name in _MODULES:
        try:
            interpreters = importlib.import_module(name)
        except ImportError:
            continue
        return bool(interpreters.get_current() == interpreters.get_main())
    return True


if not _is_main():
    raise ImportError(
        "m531x works in the main interpreter only: use threads or processes, not subinterpreters"
    )
