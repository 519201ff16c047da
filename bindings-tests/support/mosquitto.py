"""A mosquitto of one's own, on free ports of the loopback interface."""

from __future__ import annotations

import getpass
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

_READY_IN = 10.0
_TRIES = 5


def program(name: str) -> str:
    """Where a program of mosquitto is; Debian puts some into /usr/sbin, not on every PATH."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError(f"{name} is missing: install mosquitto")
    return found


class Mosquitto:
    """A broker that runs until `stop`, and may be killed and started again on the same ports.

    Args:
        folder: Where its settings and its log go.
        settings: The lines for each listener; ``allow_anonymous true`` is one that all may use.
        general: Lines that hold for all listeners.
    """

    def __init__(
        self,
        folder: Path,
        settings: Sequence[str] = ("allow_anonymous true",),
        general: str = "",
    ) -> None:
        """Starts it, and returns once it takes connections."""
        self._folder = folder
        for _ in range(_TRIES):
            # Another process may take a port between its choice and the start.
            self.ports = [_free_port() for _ in settings]
            listeners = (
                f"listener {port} 127.0.0.1\n{lines}\n"
                for port, lines in zip(self.ports, settings, strict=True)
            )
            # As root it would become another user, who may not read what is ours.
            (folder / "mosquitto.conf").write_text(
                f"user {getpass.getuser()}\nper_listener_settings true\n{general}\n"
                + "".join(listeners)
            )
            if self.start():
                return
        raise RuntimeError(f"mosquitto does not start: see {folder / 'mosquitto.log'}")

    @property
    def addresses(self) -> list[str]:
        """``host:port`` of each listener."""
        return [f"127.0.0.1:{port}" for port in self.ports]

    def start(self) -> bool:
        """Starts it, again or for the first time; whether it takes connections."""
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program("mosquitto"), "-c", self._folder / "mosquitto.conf"],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _READY_IN
        while time.monotonic() < deadline and self._process.poll() is None:
            if all(_answers(port) for port in self.ports):
                return True
            time.sleep(0.02)
        self.kill()
        return False

    def kill(self) -> None:
        """Kills it, as a loss of power would."""
        self._process.kill()
        self._process.wait()

    def save(self) -> None:
        """Has it write its sessions and messages to disk, which it else does when it ends."""
        database = self._folder / "mosquitto.db"
        database.unlink(missing_ok=True)
        self._process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + _READY_IN
        # It writes another file first, and renames that.
        while not database.exists():
            if time.monotonic() > deadline:
                raise RuntimeError(f"mosquitto saves nothing: see {self._folder / 'mosquitto.log'}")
            time.sleep(0.02)

    def freeze(self) -> None:
        """Has it keep its connections and do nothing with them any more."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Has it go on where it was."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(10)


def open_and_guarded(folder: Path) -> Mosquitto:
    """A broker with two listeners: one for all, and one for user ``meter`` with ``right``."""
    users = folder / "users"
    subprocess.run(
        [program("mosquitto_passwd"), "-b", "-c", users, "meter", "right"],
        check=True,
        capture_output=True,
    )
    guarded = f"allow_anonymous false\npassword_file {users}"
    return Mosquitto(folder, ["allow_anonymous true", guarded])


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
