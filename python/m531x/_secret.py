"""Values that tracebacks with variables, as test runners print them, must not show."""

from __future__ import annotations

import re
from typing import Final, Generic, TypeVar

__all__ = ["Hidden", "shown_command"]

T = TypeVar("T")
# One command or several, up to the first place where an argument may begin.
_NAMES: Final = re.compile(r"[A-Za-z+*#$&;?]*", re.ASCII)


class Hidden(Generic[T]):
    """Holds a value and shows stars."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        """Takes the value; the caller must drop its own reference."""
        self._value = value

    def reveal(self) -> T:
        """The value, for the call that needs it."""
        return self._value

    def __repr__(self) -> str:
        """Stars."""
        return "***"


def shown_command(line: str) -> str:
    """A command line without its arguments, any of which may be a PIN."""
    if not isinstance(line, str):
        return line
    names = _NAMES.match(line)
    shown = names[0] if names else ""
    return shown if shown == line else shown + "***"
