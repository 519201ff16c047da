"""Optional packages."""

from __future__ import annotations

import importlib
from typing import Any

from m531x._errors import M531xError

__all__ = ["optional"]


def optional(module: str, extra: str) -> Any:
    """Imports a module by name, so that type checkers need neither it nor its stubs.

    Raises:
        M531xError: It is not installed; the text says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise M531xError(
            f"{module.split('.')[0]} is not installed: pip install {extra} ({error})"
        ) from None
