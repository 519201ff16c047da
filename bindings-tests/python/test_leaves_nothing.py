"""What modems took is given back, whatever was done with them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("leaves_nothing.py")


@pytest.mark.parametrize("which", ["sync", "aio"])
def test_a_thousand_modems_leave_no_thread_descriptor_or_memory(which: str) -> None:
    done = subprocess.run(
        [sys.executable, PROGRAM, which, "1000"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["after"] == report["before"], report
    # An allocator keeps some, and not always the same; what leaks with a modem is more.
    assert report["growth"] < 2048, report
