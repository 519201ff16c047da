"""What the how-to begins with: a virtual modem at a port of this computer, and no lab."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import m531x
from conftest import EXAMPLE


def test_the_tests_run_without_a_lab(tmp_path: Path) -> None:
    port = str(tmp_path / "meter")
    environment = (EXAMPLE / "local.yaml").read_text()
    assert "/tmp/meter" in environment
    local = tmp_path / "local.yaml"
    local.write_text(environment.replace("/tmp/meter", port))
    # Without the conftest.py beside it, which acquires a place.
    test = shutil.copy(EXAMPLE / "test_meter.py", tmp_path)
    variables = {name: value for name, value in os.environ.items() if not name.startswith("LG_")}
    with m531x.VirtualModem(link=port):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--rootdir", tmp_path, "--lg-env", local, test],
            env=variables,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
