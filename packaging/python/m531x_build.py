"""The build backend of the Python package: maturin, after a look at what it needs.

maturin alone would fetch a Rust of its own where there is none, and where the one there is is too
old, or nothing can link, the compiler says so in its own words. Here one line says what to install.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import maturin

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

build_editable = maturin.build_editable
build_sdist = maturin.build_sdist
build_wheel = maturin.build_wheel
prepare_metadata_for_build_editable = maturin.prepare_metadata_for_build_editable
prepare_metadata_for_build_wheel = maturin.prepare_metadata_for_build_wheel

_Settings = Mapping[str, Any] | None
_CARGO_TOML = Path(__file__).parents[2] / "Cargo.toml"


def get_requires_for_build_wheel(config_settings: _Settings = None) -> list[str]:
    """Ends here, ahead of everything else, if something is missing."""
    _need_rust()
    _need_linker()
    return list(maturin.get_requires_for_build_wheel(config_settings))


def get_requires_for_build_editable(config_settings: _Settings = None) -> list[str]:
    """The same for an editable installation."""
    _need_rust()
    _need_linker()
    return list(maturin.get_requires_for_build_editable(config_settings))


def get_requires_for_build_sdist(config_settings: _Settings = None) -> list[str]:
    """A source distribution is not compiled, but Rust's tools collect it."""
    _need_rust()
    return list(maturin.get_requires_for_build_sdist(config_settings))


def _need_rust() -> None:
    wanted = _wanted_rust()
    remedy = f"install Rust {wanted} or later with rustup, and open a new shell"
    cargo = shutil.which("cargo")
    if cargo is None:
        sys.exit(f"m531x is built from source, and there is no cargo on the PATH: {remedy}")
    done = subprocess.run([cargo, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"cargo (\d+(?:\.\d+)+)", done.stdout)
    if found is None:
        sys.exit(f"m531x is built from source, and {cargo} does not work: {remedy}\n{done.stderr}")
    if _numbers(found[1]) < _numbers(wanted):
        sys.exit(
            f"m531x is built from source, and {cargo} is {found[1]}, which is too old: "
            f"run `rustup update`, or {remedy}"
        )


def _need_linker() -> None:
    # On Windows the compiler finds Microsoft's by itself.
    if os.name != "posix" or any(name.endswith("_LINKER") for name in os.environ):
        return
    if shutil.which("cc") is None:
        on_mac = sys.platform == "darwin"
        remedy = "xcode-select --install" if on_mac else "apt-get install gcc libc6-dev"
        sys.exit(
            "m531x is built from source, and there is no C compiler (cc) to link it with: "
            f"run `{remedy}`, or what your system has for it"
        )


def _wanted_rust() -> str:
    found = re.search(r'^rust-version = "([\d.]+)"', _CARGO_TOML.read_text("utf-8"), re.MULTILINE)
    if found is None:
        sys.exit(f"{_CARGO_TOML} does not name its rust-version, which is a defect of m531x")
    return found[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
