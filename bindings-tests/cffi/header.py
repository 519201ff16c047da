"""The header as parsers of tools see it: preprocessed, without the compiler's own headers."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "include" / "m531x.h"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def library() -> str:
    """The shared library that `make test-c` has built, or the one that M531X_LIBRARY names."""
    return os.environ.get("M531X_LIBRARY", str(TARGET / "debug" / "libm531x.so"))


def preprocessed(folder: Path) -> str:
    """The declarations alone: macros replaced, comments gone, stdint.h left out."""
    (folder / "stdint.h").touch()
    command = ["gcc", "-E", "-P", "-nostdinc", f"-I{folder}", str(HEADER)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
