"""Processes that fork, end without closing, and import, on every Python that the machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import m531x

PACKAGE = Path(m531x.__file__).parents[1]
Run = Callable[[str], str]


def _interpreter(version: str) -> str | None:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    roots = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"]
    for root in roots:
        for folder in sorted(root.glob(f"{version}.*"), reverse=True):
            program = folder / "bin" / "python"
            if program.exists():
                return str(program)
    return shutil.which(f"python{version}")


@pytest.fixture(params=["3.10", "3.11", "3.12", "3.13"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a script with this package and warnings as errors; gives what it printed."""
    program = _interpreter(request.param)
    if program is None:
        pytest.skip(f"this machine has no Python {request.param}")

    def run(script: str) -> str:
        done = subprocess.run(
            [program, "-W", "error", "-c", textwrap.dedent(script)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env=os.environ | {"PYTHONPATH": str(PACKAGE)},
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


def test_a_forked_child_is_told_so_and_the_parent_goes_on(run: Run) -> None:
    out = run(
        """
        import os, sys, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads, from 3.12
        import m531x
        modem = m531x.Modem("virtual://")
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                modem.command("AT")
            except m531x.ClosedError as error:
                print(error, flush=True)
                modem.close()
                code = 0
            os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0
        print(modem.command("AT+CGMM"))
        modem.close()
        """
    )
    assert out == (
        "the modem was opened before a fork and belongs to the parent process: "
        "open it in the process that uses it\n['M5310-A']\n"
    )


def test_a_forked_child_may_open_its_own(run: Run) -> None:
    out = run(
        """
        import os, sys, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        import m531x
        pid = os.fork()
        if pid == 0:
            with m531x.Modem("virtual://") as modem:
                print(modem.command("AT+CGMM"), flush=True)
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        """
    )
    assert out == "['M5310-A']\n"


def test_a_process_that_never_closes_ends_at_once_and_quietly(run: Run) -> None:
    run(
        """
        import m531x
        modem = m531x.Modem("virtual://")
        modem.connect("broker.example", client_id="c")
        modem.subscribe("t", callback=lambda message: None)
        for n in range(50):
            modem.publish_nowait("t", str(n), qos=1)
        """
    )


def test_an_exception_and_a_close_and_a_publish_in_callbacks(run: Run) -> None:
    out = run(
        """
        import threading, m531x
        threading.excepthook = lambda args: print("reported", args.exc_value)
        done = threading.Event()
        modem = m531x.Modem("virtual://")
        modem.connect("broker.example", client_id="c")
        def callback(message):
            if message.text == "bad":
                raise ValueError("bad")
            if message.text == "close":
                modem.close()
                done.set()
            else:
                modem.publish("t", "close")
        modem.subscribe("t", callback=callback)
        for text in ("bad", "publish"):
            modem.publish_nowait("t", text)
        assert done.wait(10)
        print(modem.closed)
        """
    )
    assert out == "reported bad\nTrue\n"


def test_importing_is_quick_and_starts_no_thread(run: Run) -> None:
    out = run(
        """
        import sys, time
        begun = time.perf_counter()
        import m531x
        took = time.perf_counter() - begun
        import os, threading
        threads = len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 1
        print(took < 1.0, threads, threading.active_count(), "matplotlib" in sys.modules)
        """
    )
    assert out == "True 1 1 False\n"
