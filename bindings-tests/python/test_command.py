"""The command that the wheel brings is the command of the Rust workspace."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import m531x

COMMAND = [sys.executable, "-W", "error", "-m", "m531x._command"]


PACKAGE = [sys.executable, "-W", "error", "-m", "m531x"]


def run(*arguments: str, command: list[str] = COMMAND) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=30, check=False
    )


def test_the_script_is_installed_and_tells_its_version() -> None:
    script = Path(sys.executable).with_name("m531x")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"m531x {m531x.__version__}\n"


def test_the_manual_pages_are_where_man_looks() -> None:
    page = Path(sys.prefix, "share", "man", "man1", "m531x-pub.1").read_text()
    assert page.splitlines()[2].startswith(".TH m531x-pub 1")


def test_exit_codes_are_those_of_the_command() -> None:
    helped = run("--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "virtual-modem" in helped.stdout
    assert run("no-such-command").returncode == 2
    failed = run("at", "--port", "/dev/no-such-port", "AT")
    assert failed.returncode == 1
    assert failed.stderr.startswith("m531x: there is no port /dev/no-such-port")
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        [],
        ["pub", "--port", "virtual://", "-t", "t"],
        ["sub", "--port", "virtual://", "-t", "t", "-W", "0.1"],
        ["pub", "--port", "virtual://", "--cloud", "onenet", "-t", "t", "-n"],
    ],
)
def test_the_package_is_the_command(arguments: list[str]) -> None:
    done, expected = run(*arguments, command=PACKAGE), run(*arguments)
    assert done.stdout == expected.stdout
    assert done.stderr == expected.stderr
    assert done.returncode == expected.returncode


def test_a_command_speaks_to_a_module() -> None:
    with m531x.VirtualModem() as virtual:
        done = run("at", "--port", virtual.port, "AT+CGMM")
    assert (done.returncode, done.stdout) == (0, "M5310-A\nOK\n")
    assert isinstance(json.loads(run("ports", "--json").stdout), list)


def test_interrupting_ends_it_cleanly(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    process = subprocess.Popen(
        [*COMMAND, "virtual-modem", "--link", str(link)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline().startswith("broker: ")
        assert process.stdout.readline() == f"port: {link}\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert not link.is_symlink()
