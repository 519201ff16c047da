"""Many modems in one program: what 1, 16, 200 and 1,000 of them cost.

Each modem gets one message and sends one ``AT+CSQ`` a second, over a pseudo-terminal with a module
in C behind it. Beside m531x in C and in Python run a bare epoll loop in C, which splits lines and
nothing more, and pyserial with a reader thread for each port. The figures are of the time after
the fleet is open; the ratio is the CPU time by that of the epoll loop.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
BUILT = ROOT / "target" / "fleet"
_MOST_TURNS = 1000
# It waits with select() and takes five descriptors for a port.
_MOST_OF_PYSERIAL = 200


class Figures:
    """What is counted while a fleet runs."""

    def __init__(self) -> None:
        self.commands = 0
        self.lost = 0
        self.ages: list[float] = []
        self.begun_ns: int | None = None
        self._lock = threading.Lock()
        self._next: dict[int, int] = {}

    def payload(self, modem: int, payload: bytes) -> None:
        """One message: when the module printed it, and its number."""
        age = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        sent, number = payload.split()
        with self._lock:
            self.lost += int(number) - self._next.get(modem, int(number))
            self._next[modem] = int(number) + 1
            if self.begun_ns is not None and int(sent) >= self.begun_ns:
                self.ages.append((age - int(sent)) / 1e3)


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise ValueError(name)


def _open_m531x(ports: list[str], figures: Figures) -> Callable[[int], None]:
    import m531x

    modems = []
    for number, port in enumerate(ports):
        modem = m531x.Modem(port, model="M5310-A")
        modem.connect("broker.example", client_id="fleet")

        def take(message: m531x.Message, number: int = number) -> None:
            figures.payload(number, message.payload)

        modem.subscribe("fleet/1", callback=take)
        modems.append(modem)

    def command(number: int) -> None:
        modems[number].signal()
        figures.commands += 1

    return command


def _open_pyserial(ports: list[str], figures: Figures) -> Callable[[int], None]:
    import serial
    import serial.threaded

    class Lines(serial.threaded.LineReader):
        number = 0

        def handle_line(self, line: str) -> None:
            if line.startswith("+MQTTPUBLISH:"):
                figures.payload(self.number, line.split(",", 6)[6].encode())
            elif line == "OK":
                figures.commands += 1

    threads = []
    for number, port in enumerate(ports):
        thread = serial.threaded.ReaderThread(serial.Serial(port, 115200, timeout=1), Lines)
        thread.daemon = True
        thread.start()
        thread.connect()[1].number = number
        thread.write(b'AT+MQTTSUB="fleet/1",0\r')
        threads.append(thread)

    def command(number: int) -> None:
        threads[number].write(b"AT+CSQ\r")

    return command


def _client(kind: str, seconds: float) -> None:
    """A fleet in Python: the same as fleet.c."""
    ports = sys.stdin.read().split()
    figures = Figures()
    threads, kilobytes = _status("Threads:"), _status("RssAnon:")
    command = (_open_m531x if kind == "m531x" else _open_pyserial)(ports, figures)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.monotonic()
    figures.begun_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    turns = min(len(ports), _MOST_TURNS)
    for turn in itertools.count():
        for number in range(turn % turns, len(ports), turns):
            command(number)
        left = begun + (turn + 1) / turns - time.monotonic()
        if left > 0:
            time.sleep(left)
        if time.monotonic() - begun > seconds:
            break
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
    threads, kilobytes = _status("Threads:") - threads, _status("RssAnon:") - kilobytes
    ages = sorted(figures.ages) or [0.0]
    print(
        len(ages),
        figures.commands,
        figures.lost,
        threads,
        kilobytes,
        f"{used:.4f}",
        f"{ages[len(ages) * 99 // 100]:.1f}",
        flush=True,
    )
    # A thousand ports are closed by the end of the process.
    os._exit(0)


def _build() -> None:
    library = ROOT / "target" / "release" / "libm531x.a"
    BUILT.mkdir(parents=True, exist_ok=True)
    common = [shutil.which("cc") or "cc", "-O2", "-D_GNU_SOURCE", "-I", str(ROOT / "include")]
    for name, rest in (("modules", []), ("fleet", [str(library), "-lpthread", "-ldl", "-lm"])):
        program = [str(FOLDER / f"{name}.c"), "-o", str(BUILT / name)]
        subprocess.run([*common, *program, *rest], check=True)


def _run(command: list[str], size: int) -> list[float]:
    with subprocess.Popen(
        [str(BUILT / "modules"), str(size)], stdout=subprocess.PIPE, text=True
    ) as modules:
        try:
            assert modules.stdout is not None
            ports = "".join(modules.stdout.readline() for _ in range(size))
            done = subprocess.run(
                command, input=ports, stdout=subprocess.PIPE, text=True, check=True
            )
        finally:
            modules.kill()
    return [float(figure) for figure in done.stdout.split()]


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of each fleet")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 16, 200, 1000])
    parser.add_argument("--client", choices=["m531x", "pyserial"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        _client(options.client, options.seconds)
        return
    # A modem in C takes about ten descriptors.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    _build()
    seconds = str(options.seconds)
    here = [sys.executable, __file__, "--seconds", seconds, "--client"]
    clients = {
        "epoll loop in C": [str(BUILT / "fleet"), "loop", seconds],
        "m531x in C": [str(BUILT / "fleet"), "m531x", seconds],
        "pyserial": [*here, "pyserial"],
        "m531x in Python": [*here, "m531x"],
    }
    print(f"one message and one command a second for each modem, {seconds} s")
    print(
        f"{'modems':>6}  {'':16}{'CPU':>8}{'ratio':>7}{'threads':>9}{'kB each':>9}{'p99 ms':>8}"
        f"{'messages':>10}{'commands':>10}{'lost':>6}"
    )
    for size in options.sizes:
        loop = 0.0
        for name, command in clients.items():
            if name == "pyserial" and size > _MOST_OF_PYSERIAL:
                print(f"{size:6}  {name:16} cannot: select() takes descriptors below 1024")
                continue
            messages, commands, lost, threads, kilobytes, cpu, age = _run(command, size)
            loop = loop or cpu
            share, each = 100 * cpu / options.seconds, kilobytes / size
            print(
                f"{size:6}  {name:16}{share:7.2f}%{cpu / loop:7.2f}{threads:9.0f}{each:9.1f}"
                f"{age / 1e3:8.2f}{messages:10.0f}{commands:10.0f}{lost:6.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
