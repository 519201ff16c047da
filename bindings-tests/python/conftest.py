"""A real broker, and virtual modems in front of it."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import m531x


class Broker(NamedTuple):
    """A running mosquitto."""

    open: str
    """``host:port`` where anybody may connect."""
    guarded: str
    """``host:port`` where only user ``meter`` with password ``right`` may connect."""


def _program(name: str) -> str:
    """Debian puts mosquitto into /usr/sbin, which is not on every user's PATH."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    assert found is not None, f"{name} is missing: install mosquitto"
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _start_broker(folder: Path) -> tuple[subprocess.Popen[bytes], Broker] | None:
    anonymous, guarded = _free_port(), _free_port()
    users = folder / "users"
    subprocess.run(
        [_program("mosquitto_passwd"), "-b", "-c", users, "meter", "right"],
        check=True,
        capture_output=True,
    )
    settings = folder / "mosquitto.conf"
    settings.write_text(
        # As root it would become another user, who may not read what is ours.
        f"user {getpass.getuser()}\nper_listener_settings true\n"
        f"listener {anonymous} 127.0.0.1\nallow_anonymous true\n"
        f"listener {guarded} 127.0.0.1\nallow_anonymous false\npassword_file {users}\n"
    )
    log = (folder / "mosquitto.log").open("wb")
    process = subprocess.Popen([_program("mosquitto"), "-c", settings], stdout=log, stderr=log)
    log.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(anonymous) and _answers(guarded):
            return process, Broker(f"127.0.0.1:{anonymous}", f"127.0.0.1:{guarded}")
        time.sleep(0.02)
    process.kill()
    process.wait()
    return None


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A mosquitto on ports of its own."""
    for _ in range(5):
        # Another process may take a port between its choice and the start.
        started = _start_broker(tmp_path_factory.mktemp("mosquitto"))
        if started is not None:
            break
    else:
        pytest.fail("mosquitto does not start")
    process, addresses = started
    yield addresses
    process.terminate()
    process.wait(10)


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
