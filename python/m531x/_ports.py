"""The serial ports of this computer, and ports and files that are given as paths."""

from __future__ import annotations

import os
from dataclasses import dataclass

from m531x import _native

__all__ = ["PortInfo", "path_text", "ports"]


@dataclass(frozen=True)
class PortInfo:
    """A serial port of this computer.

    Attributes:
        name: What to open it by, such as ``/dev/ttyUSB0`` or ``COM5``.
        description: What is behind it, for people; empty if that is not known.
        usb: Vendor and product id of a USB adapter, or None.
        serial_number: The adapter's own, by which ``usb:SERIAL`` opens it whatever its name is;
            None where it has none.
    """

    name: str
    description: str
    usb: tuple[int, int] | None
    serial_number: str | None = None


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


def path_text(name: str, path: str | os.PathLike[str]) -> str:
    """The text of a port or file that may be given as a path.

    Raises:
        InvalidArgumentError: It is neither a text nor a path; `name` says which argument it is.
    """
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    _native.check_text(name, path)
    return path
