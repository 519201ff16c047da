"""``python -m m531x demo``."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import m531x
from m531x import _demo

DEMO = [sys.executable, "-W", "error", "-m", "m531x", "demo"]


@pytest.mark.parametrize(
    ("model", "encoding", "payload"),
    [
        ("M5310-A", "utf-8", "温度"),
        ("M5311", "utf-8", "温度"),
        # As of a pipe on Windows.
        ("M5311", "cp1252", r"\u6e29\u5ea6"),
    ],
)
def test_the_demo_shows_both_sides_and_ends_by_itself(
    model: str, encoding: str, payload: str
) -> None:
    done = subprocess.run(
        [*DEMO, "--model", model],
        capture_output=True,
        encoding=encoding,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert any("> AT+MQTTPUB=" in line for line in lines)
    assert any("< +MQTTPUBLISH" in line for line in lines)
    assert any("callback: " in line and payload in line for line in lines)
    assert "received every published message" in lines[-1]
    assert "\x1b[" not in done.stdout


def test_the_demo_has_colours_on_a_terminal() -> None:
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(DEMO, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    out = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # how the end of a pseudo-terminal reads
            break
        if not piece:
            break
        out += piece
    os.close(master)
    assert process.wait(30) == 0
    assert b"\x1b[36m" in out


def test_the_demo_fails_when_something_else_comes_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish = m531x.Modem.publish

    def tampered(modem: m531x.Modem, topic: str, payload: bytes, **options: int) -> m531x.Receipt:
        return publish(modem, topic, payload + b"!", **options)  # type: ignore[arg-type]

    monkeypatch.setattr(m531x.Modem, "publish", tampered)
    assert _demo.run("M5310-A") == 1
    assert "came back" in capsys.readouterr().err


def test_an_unknown_model_is_an_error_and_no_command_is_a_usage_error() -> None:
    done = subprocess.run([*DEMO, "--model", "M9999"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "M9999" in done.stderr
    done = subprocess.run(
        [sys.executable, "-m", "m531x"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
