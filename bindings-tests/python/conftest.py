"""A real broker, and virtual modems in front of it."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import m531x
import m531x.paho
from mosquitto import open_and_guarded
from paho_side import Side
from pythons import PYTHONS, VERSIONS

# A shell that runs the tests in the background has them, and all they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Broker(NamedTuple):
    """A running mosquitto."""

    open: str
    """``host:port`` where anybody may connect."""
    guarded: str
    """``host:port`` where only user ``meter`` with password ``right`` may connect."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells on which Pythons the tests of Ctrl-C, fork, callbacks and exit ran."""
    missing = [version for version in VERSIONS if version not in PYTHONS]
    text = "processes of their own ran on Python " + ", ".join(PYTHONS)
    if missing:
        text += "; this machine has no " + ", ".join(missing)
    terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A mosquitto on ports of its own, or the one that M531X_BROKERS names: open, then guarded."""
    if running := os.environ.get("M531X_BROKERS"):
        yield Broker(*running.split())
        return
    mosquitto = open_and_guarded(tmp_path_factory.mktemp("mosquitto"))
    yield Broker(*mosquitto.addresses)
    mosquitto.stop()


@pytest.fixture
def virtual(broker: Broker) -> Iterator[m531x.VirtualModem]:
    """An M5310-A on a pseudo-terminal, towards mosquitto."""
    with m531x.VirtualModem(broker=broker.open) as virtual:
        yield virtual


@pytest.fixture
def client_id() -> str:
    """A client id that nobody else uses."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def topic() -> str:
    """A topic that nobody else uses."""
    return f"test/{uuid.uuid4().hex[:12]}"


@pytest.fixture
def modem(virtual: m531x.VirtualModem, client_id: str) -> Iterator[m531x.Modem]:
    """Connected over a pseudo-terminal to mosquitto."""
    with m531x.Modem(virtual.port) as modem:
        modem.connect("broker.example", client_id=client_id)
        yield modem


@pytest.fixture
def memory_modem() -> Iterator[m531x.Modem]:
    """Connected in this process, to the embedded broker."""
    with m531x.Modem("virtual://") as modem:
        modem.connect("broker.example", client_id="test")
        yield modem


@pytest.fixture
def expect_collected(
    eventually: Callable[[Callable[[], bool]], None],
) -> Callable[[Callable[[], weakref.ref[Any]]], None]:
    """Expects what a function leaves behind to be collected, with a warning and its threads."""

    def expect(forget: Callable[[], weakref.ref[Any]]) -> None:
        threads = set(threading.enumerate())
        forgotten = forget()

        def is_gone() -> bool:
            gc.collect()
            return forgotten() is None

        with pytest.warns(ResourceWarning, match="unclosed <m531x.Modem"):
            eventually(is_gone)
        eventually(lambda: set(threading.enumerate()) <= threads)

    return expect


@pytest.fixture
def modem_side() -> Iterator[Side]:
    """`m531x.paho` and a virtual modem with a broker of its own."""
    with m531x.VirtualModem() as virtual:
        yield Side(m531x.paho, virtual, virtual.port)


@pytest.fixture
def another(broker: Broker) -> Iterator[Callable[..., m531x.Modem]]:
    """Makes further connected modems on the same mosquitto."""
    opened: list[m531x.VirtualModem | m531x.Modem] = []

    def make(**connect: object) -> m531x.Modem:
        virtual = m531x.VirtualModem(broker=broker.open)
        opened.append(virtual)
        modem = m531x.Modem(virtual.port)
        opened.append(modem)
        arguments: dict[str, object] = {"client_id": f"test-{uuid.uuid4().hex[:12]}"} | connect
        modem.connect("broker.example", **arguments)  # type: ignore[arg-type]
        return modem

    yield make
    for thing in reversed(opened):
        thing.close()


class Script(NamedTuple):
    """What a Python process did."""

    code: int
    out: str
    err: str


@pytest.fixture
def run_script(tmp_path: Path) -> Callable[..., Script]:
    """Runs a Python script in a process of its own, warnings being errors."""

    def run(text: str, *arguments: str, timeout: float = 30) -> Script:
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(text))
        done = subprocess.run(
            [sys.executable, "-W", "error", path, *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Script(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def thread_errors(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """What threading.excepthook was told."""
    errors: list[BaseException | None] = []
    monkeypatch.setattr("threading.excepthook", lambda args: errors.append(args.exc_value))
    return errors


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Waits until something is true."""

    def wait(condition: Callable[[], bool], timeout: float = 10) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "it did not come true in time"
            time.sleep(0.005)

    return wait
