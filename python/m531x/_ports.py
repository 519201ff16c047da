"""The serial ports of this computer, and ports and files that are given as paths."""

from __future__ import annotations

import os
from dataclasses import dataclass

from m531x import _native
from m531x._html import table

__all__ = ["PortInfo", "path_text", "ports"]


@dataclass(frozen=True)
class PortInfo:
    """A serial port of this computer.

    Attributes:
        name: The name to open it by, such as ``/dev/ttyUSB0`` or ``COM5``.
        description: The device behind it, for people; empty if unknown.
        usb: Vendor and product id of a USB adapter, or None.
        serial_number: The serial number of the adapter; ``usb:SERIAL`` opens the port by it, under
            any name. None if it has none.
    """

    name: str
    description: str
    usb: tuple[int, int] | None
    serial_number: str | None = None

    def _repr_html_(self) -> str:
        usb = None if self.usb is None else f"{self.usb[0]:04x}:{self.usb[1]:04x}"
        return table("PortInfo", (vars(self) | {"usb": usb}).items())


def ports() -> list[PortInfo]:
    """Lists the serial ports of this computer, sorted by name; nothing is opened.

    Raises:
        PortError: The operating system does not provide the list.

    Examples:
        >>> names = [port.name for port in ports()]
        >>> names == sorted(names)
        True
    """
    return [PortInfo(*port) for port in _native.ports()]


def path_text(name: str, path: str | os.PathLike[str]) -> str:
    """The text of a port or file that may be given as a path.

    Raises:
        InvalidArgumentError: It is neither a text nor a path; the error names the argument.
    """
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    _native.check_text(name, path)
    return path
