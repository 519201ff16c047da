"""Ports that several test processes share: each is used by one of them at a time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import IO

from m531x._errors import M531xError

__all__ = ["PortPool", "lock_of", "ports_of"]

_PERIOD_S = 0.05


def ports_of(values: Sequence[str]) -> list[str]:
    """The ports that ``--m531x-port`` names: each value is a port, or a file with one a line.

    Raises:
        M531xError: The file cannot be read, or names no port.
    """
    ports: list[str] = []
    for value in values:
        path = Path(value)
        # A serial port is a device, or no file at all.
        if not path.is_file():
            ports.append(value)
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeError) as error:
            raise M531xError(f"cannot read the ports in {value}: {error}") from None
        named = [line.split("#", 1)[0].strip() for line in lines]
        if not any(named):
            raise M531xError(f"{value} names no port: write one a line")
        ports += filter(None, named)
    return list(dict.fromkeys(ports))


class PortPool:
    """The ports of a test run; its processes agree by locked files."""

    def __init__(self, ports: Sequence[str], first: int) -> None:
        """Takes free ports from the one with this index on."""
        self._ports = list(ports[first % len(ports) :]) + list(ports[: first % len(ports)])

    @contextlib.contextmanager
    def lend(self, patience: float) -> Generator[str]:
        """Lends a port that no other process and no other test uses.

        Raises:
            M531xError: None is free within `patience` seconds.
        """
        deadline = time.monotonic() + patience
        while True:
            for port in self._ports:
                lock = lock_of(port)
                if lock is not None:
                    try:
                        yield port
                    finally:
                        lock.close()
                    return
            if time.monotonic() > deadline:
                ports = ", ".join(self._ports)
                raise M531xError(
                    f"no port is free after {patience:.0f} s, of {ports}: name more with "
                    "--m531x-port, or run fewer tests at once"
                )
            time.sleep(_PERIOD_S)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock_of(port: str) -> IO[str] | None:
    """The locked file of a port, or None if another holds it; closing it gives the port back."""
    # Several names may lead to one device.
    real = str(Path(port).resolve()) if Path(port).exists() else port
    name = hashlib.sha256(real.encode()).hexdigest()[:16]
    user = os.getuid() if hasattr(os, "getuid") else 0
    path = Path(tempfile.gettempdir()) / f"m531x-port-{user}-{name}.lock"
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    file = os.fdopen(os.open(path, flags, 0o600), "r+")
    try:
        _lock(file)
    except OSError:
        file.close()
        return None
    return file
