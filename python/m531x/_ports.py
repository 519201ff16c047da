"""The serial ports of this computer."""

from __future__ import annotations

import os

from m531x import _native
from m531x._types import PortInfo

__all__ = ["port_name", "ports"]


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


def port_name(port: str | os.PathLike[str]) -> str:
    """The name of a port that may be given as a path.

    Raises:
        InvalidArgumentError: It is neither a text nor a path.
    """
    if isinstance(port, os.PathLike):
        port = os.fspath(port)
    _native.check_text("port", port)
    return port
