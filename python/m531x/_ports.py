"""The serial ports of this computer."""

from __future__ import annotations

from m531x import _native
from m531x.types import PortInfo

__all__ = ["ports"]


def ports() -> list[PortInfo]:
    """Lists the serial ports of this computer, sorted by name; nothing is opened.

    Raises:
        PortError: The operating system does not give the list.

    Example:
        >>> names = [port.name for port in ports()]
        >>> names == sorted(names)
        True
    """
    return [PortInfo(*port) for port in _native.ports()]
