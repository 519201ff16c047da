"""A lab on the loopback interface: coordinator, exporter with ser2net, places, virtual modems."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
from labgrid.remote.generated import labgrid_coordinator_pb2 as messages
from labgrid.remote.generated import labgrid_coordinator_pb2_grpc as services

import m531x

__all__ = ["Lab", "until"]

_BIN = Path(sys.executable).parent
_PATIENCE_S = 120.0


def until(condition: Callable[[], object], what: str) -> None:
    """Wait until a function returns something true."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"it did not come to this: {what}"
        time.sleep(0.1)


class Lab:
    """One machine with modems, and the coordinator."""

    def __init__(self, folder: Path, places: int) -> None:
        """Starts everything and creates the places ``modem-0`` and so on."""
        self.folder = folder
        # An exporter exports only what is below /dev.
        self._devices = Path(tempfile.mkdtemp(prefix="m531x-lab-", dir="/dev/shm"))
        self.names = [f"modem-{number}" for number in range(places)]
        self._stack = contextlib.ExitStack()
        self._modems: dict[str, m531x.VirtualModem] = {}
        self._exporter: subprocess.Popen[bytes] | None = None
        self._resources = folder / "exporter.yaml"
        self.coordinator = self._start_coordinator()
        channel = self._stack.enter_context(grpc.insecure_channel(self.coordinator))
        self._coordinator = services.CoordinatorStub(channel)
        for name in self.names:
            self.power_on(name)
        self._resources.write_text("".join(self._group(name) for name in self.names))
        self.start_exporter()
        for name in self.names:
            self._ask("AddPlace", name=name)
            self._ask("AddPlaceMatch", placename=name, pattern=f"exporter/{name}/*")
            self._ask("SetPlaceTags", placename=name, tags={"modem": "m5310-a"})

    def close(self) -> None:
        """Ends everything."""
        self.stop_exporter()
        self._stack.close()
        for modem in self._modems.values():
            modem.close()
        for link in self._devices.iterdir():
            link.unlink()
        self._devices.rmdir()

    def virtual(self, name: str) -> m531x.VirtualModem:
        """The module of a place."""
        return self._modems[name]

    def power_on(self, name: str, *faults: str) -> None:
        """Switches a module on, in place of the one that was there."""
        if name in self._modems:
            self._modems.pop(name).close()
        self._modems[name] = m531x.VirtualModem(link=self.link(name), faults=faults)

    def link(self, name: str) -> str:
        """The serial port of a module."""
        return str(self._devices / name)

    def environment(self, name: str, **variables: str) -> dict[str, str]:
        """What a client of the lab has in its environment."""
        return {
            **os.environ,
            "PATH": f"{_BIN}:{os.environ['PATH']}",
            "LG_COORDINATOR": self.coordinator,
            "LG_PLACE": name,
            **variables,
        }

    def client(self, *arguments: str, **variables: str) -> str:
        """Runs labgrid-client and returns what it prints."""
        environment = self.environment("", **variables)
        done = subprocess.run(
            ["labgrid-client", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextlib.contextmanager
    def acquired(self, name: str) -> Iterator[None]:
        """Has a place for a while."""
        self.client("-p", name, "acquire")
        try:
            yield
        finally:
            if name in self.acquired_places():
                self.client("-p", name, "release")

    def acquired_places(self) -> list[str]:
        """The places that somebody has."""
        return sorted(place.name for place in self._ask("GetPlaces").places if place.acquired)

    def reservations(self) -> int:
        """How many reservations there are."""
        return len(self._ask("GetReservations").reservations)

    def start_exporter(self) -> None:
        """Starts the exporter, and waits until all its ports are known."""
        self._exporter = subprocess.Popen(
            [
                _BIN / "labgrid-exporter",
                *("--coordinator", self.coordinator, "--name", "exporter"),
                *("--hostname", "127.0.0.1", self._resources),
            ],
            stdout=(self.folder / "exporter.log").open("ab"),
            stderr=subprocess.STDOUT,
        )
        until(self._exports_all, "the exporter is known to the coordinator")

    def stop_exporter(self, number: int = signal.SIGTERM) -> None:
        """Ends the exporter by a signal."""
        exporter, self._exporter = self._exporter, None
        if exporter is not None:
            exporter.send_signal(number)
            exporter.wait(_PATIENCE_S)

    def _group(self, name: str) -> str:
        return textwrap.dedent(f"""\
            {name}:
              RawSerialPort:
                port: {self.link(name)}
                speed: 9600
            """)

    def _exports_all(self) -> bool:
        resources = self.client("resources")
        return all(f"exporter/{name}/" in resources for name in self.names)

    def _ask(self, call: str, **fields: Any) -> Any:
        request = getattr(messages, f"{call}Request")(**fields)
        return getattr(self._coordinator, call)(request, timeout=_PATIENCE_S)

    def _start_coordinator(self) -> str:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        # It keeps its places in its working directory.
        process = self._stack.enter_context(
            subprocess.Popen(
                [_BIN / "labgrid-coordinator", "--listen", address],
                cwd=self.folder,
                stdout=(self.folder / "coordinator.log").open("wb"),
                stderr=subprocess.STDOUT,
            )
        )
        self._stack.callback(process.terminate)
        host, _, port = address.partition(":")

        def listens() -> bool:
            assert process.poll() is None, "the coordinator has ended"
            with socket.socket() as probe:
                return probe.connect_ex((host, int(port))) == 0

        until(listens, "the coordinator listens")
        return address
