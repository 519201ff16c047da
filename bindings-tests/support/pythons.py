"""The Pythons of this machine, and scripts in processes of their own on each of them.

The native module is abi3: one build runs on all, with the package on PYTHONPATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import m531x

__all__ = ["PYTHONS", "VERSIONS", "Script", "begin", "run"]

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
_PACKAGE = Path(m531x.__file__).parents[1]


def _interpreter(version: str) -> str | None:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    installed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for folder in sorted(installed.glob(f"{version}.*"), reverse=True):
        program = folder / "bin" / "python"
        if program.exists():
            return str(program)
    return shutil.which(f"python{version}")


PYTHONS = {version: program for version in VERSIONS if (program := _interpreter(version))}


class Script(NamedTuple):
    """What a script did."""

    code: int
    out: str
    err: str


def run(version: str, script: str, *, timeout: float = 50) -> Script:
    """Runs a script to its end, warnings being errors."""
    done = subprocess.run(
        _command(version, script),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env=_environment(),
    )
    return Script(done.returncode, done.stdout, done.stderr)


@contextmanager
def begin(version: str, script: str) -> Iterator[subprocess.Popen[str]]:
    """Starts a script whose output can be read while it runs; it does not outlive the test."""
    process = subprocess.Popen(
        _command(version, script),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=_environment(),
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _command(version: str, script: str) -> list[str]:
    return [PYTHONS[version], "-W", "error", "-c", textwrap.dedent(script)]


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(_PACKAGE)}
