"""What tracebacks with variables, as test runners and error reporters make them, must not show."""

from __future__ import annotations

import re
from typing import Final, Generic, TypeVar

__all__ = ["Hidden", "shown_command"]

T = TypeVar("T")
# One command or several, up to where an argument may begin, whatever stands before it.
_NAMES: Final = re.compile(r"[A-Za-z+*#$&;?]*", re.ASCII)


class Hidden(Generic[T]):
    """Holds a value and shows stars."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        """Takes the value; the caller drops its own name for it."""
        self._value = value

    def reveal(self) -> T:
        """The value, for the call that needs it."""
        return self._value

    def __repr__(self) -> str:
        """Stars."""
        return "***"


def shown_command(line: str) -> str:
    """A command line as it may be shown: without arguments, for any may be a PIN."""
    if not isinstance(line, str):
        return line
    names = _NAMES.match(line)
    shown = names[0] if names else ""
    return shown if shown == line else shown + "***"
