"""Building from source says in one line what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BACKEND = Path(__file__).parents[2] / "packaging" / "python"
PYTHON = f"#!{sys.executable}\n"


def _asked(folder: Path, hook: str, **programs: str) -> tuple[int, str]:
    """What a hook of the backend says where only these programs are on the PATH."""
    for name, text in programs.items():
        (folder / name).write_text(PYTHON + text)
        (folder / name).chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", f"import m531x_build; print(m531x_build.{hook}())"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(folder), "PYTHONPATH": str(BACKEND)},
    )
    return done.returncode, done.stdout + done.stderr


NEW, OLD = "print('cargo 1.99.0 (abc 2026-01-01)')", "print('cargo 1.75.0 (abc 2023-01-01)')"


@pytest.mark.parametrize(
    "hook",
    [
        "get_requires_for_build_wheel",
        "get_requires_for_build_editable",
        "get_requires_for_build_sdist",
    ],
)
def test_rust_is_asked_for_ahead_of_all_else(hook: str, tmp_path: Path) -> None:
    code, text = _asked(tmp_path, hook)
    assert code == 1
    assert "no cargo on the PATH: install Rust 1.86 or later with rustup" in text
    code, text = _asked(tmp_path, hook, cargo=OLD)
    assert code == 1
    assert "cargo is 1.75.0, which is too old: run `rustup update`" in text
    code, text = _asked(tmp_path, hook, cargo="raise SystemExit('broken')")
    assert code == 1
    assert "does not work: install Rust" in text
    assert "broken" in text


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the compiler finds its linker")
def test_something_to_link_with_is_asked_for(tmp_path: Path) -> None:
    code, text = _asked(tmp_path, "get_requires_for_build_wheel", cargo=NEW)
    assert code == 1
    assert "no C compiler (cc) to link it with" in text
    assert _asked(tmp_path, "get_requires_for_build_sdist", cargo=NEW)[0] == 0


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_where_all_is_there_it_is_maturin_that_builds(tmp_path: Path) -> None:
    code, text = _asked(tmp_path, "get_requires_for_build_wheel", cargo=NEW, cc="")
    assert (code, text.strip().startswith("[")) == (0, True)
