"""A pseudo-terminal behind pyserial's server of RFC 2217."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_SERVER = Path(__file__).with_name("rfc2217_server.py")


@contextlib.contextmanager
def served(device: str, port: str = "0", lines: list[str] | None = None) -> Iterator[str]:
    """Serves the device; at the end `lines` gets how the clients have set DTR and RTS."""
    with subprocess.Popen(
        [sys.executable, _SERVER, device, port],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"rfc2217://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()
        if lines is not None:
            lines += process.stdout.read().splitlines()
