"""The examples of the tutorial and of the how-tos run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
# Those of use-labgrid.md are files of examples/labgrid, which need a lab: `make test-labgrid`.
HOW_TOS = sorted({*(DOCS / "how-to").glob("*.md")} - {DOCS / "how-to" / "use-labgrid.md"})
PAGES = [DOCS / "index.md", *HOW_TOS]
EXAMPLES = [
    pytest.param(code, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S))
]


def test_every_page_has_an_example() -> None:
    assert len(EXAMPLES) >= len(PAGES)


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs(code: str, tmp_path: Path) -> None:
    path = tmp_path / "test_example.py"
    path.write_text(code, encoding="utf-8")
    command = [sys.executable, "-W", "error"]
    if "def test_" in code:
        command += ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [*command, path], capture_output=True, text=True, timeout=40, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout != ""
