"""What tracebacks with variables, as test runners and error reporters make them, must not show."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

__all__ = ["Hidden", "shown_command"]

T = TypeVar("T")
_CONFIGURES: Final = "MQTTCFG"


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
    """A command line as it may be shown: a configuration without its arguments."""
    if not isinstance(line, str) or _CONFIGURES not in line.upper():
        return line
    return line[: line.upper().index(_CONFIGURES) + len(_CONFIGURES)] + "***"
