"""Runs modems on bad lines for hours and accounts for every message.

Half of the lines have faults after which nothing may be missing in either direction; the others
lose bytes, restart and vanish, and must not lose a publish of QoS 1 or 2. Publishes of QoS 0 go
between them. Modules have the firmware of either lineage. The broker goes away now and
then. At the end there is a report and a picture, and the exit code is 1 if anything was lost,
forged or leaked.

Example: python system-tests/soak/soak.py --hours 0.1 --modems 4
"""

from __future__ import annotations

import argparse
import gc
import platform
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bindings-tests" / "support"))

import gauge
import m531x
import report
from ledger import Direction
from line import FIRMWARES, Line
from remote_peer import RemotePeer

_SETTLED_IN = 240.0


def main() -> int:
    """The command; its exit code."""
    arguments = _arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    threads, files = gauge.all_threads(), gauge.open_files()
    with tempfile.TemporaryDirectory(prefix="m531x-soak-") as folder:
        soak = _Soak(arguments, Path(folder))
        try:
            soak.run(arguments.hours * 3600)
        except KeyboardInterrupt:
            print("stopped: waiting for what is under way", file=sys.stderr)
        soak.finish()
    gc.collect()
    # A picture's library may keep a file or a thread of its own: it has not been used yet.
    leaks = []
    if (left := gauge.settled_threads(threads)) > threads:
        leaks.append(f"threads left behind: {left - threads}")
    if (left := gauge.open_files()) > files:
        leaks.append(f"files left open: {left - files}")
    return _tell(soak, leaks, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=1.0, help="how long (%(default)s)")
    parser.add_argument("--modems", type=int, default=6, help="how many lines (%(default)s)")
    parser.add_argument("--seed", type=int, help="of the faults; chosen and printed if not given")
    parser.add_argument(
        "--firmware", choices=FIRMWARES, help="of every module; both by turns if not given"
    )
    parser.add_argument(
        "--rate", type=float, default=10.0, help="messages a second, line, way (%(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("target/soak"), help="folder of the report (%(default)s)"
    )
    arguments = parser.parse_args()
    if arguments.hours <= 0 or arguments.modems < 2 or arguments.rate <= 0:
        parser.error("hours and rate are more than 0, and there are at least 2 modems")
    if arguments.seed is None:
        arguments.seed = random.SystemRandom().randrange(1_000_000)
    return arguments


class _Soak:
    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.lines: list[Line] = []
        self.samples: list[gauge.Sample] = []
        self._stop = threading.Event()
        self._begin = time.monotonic()
        self._threads: list[threading.Thread] = []
        self._choice = random.Random(arguments.seed)
        upward: list[Direction] = []
        downward: list[Direction] = []
        self.remote_peer = RemotePeer(folder, upward, downward, arguments.rate, arguments.seed)
        for number in range(arguments.modems):
            line = Line(
                number,
                gentle=number % 2 == 0,
                broker=self.remote_peer.mosquitto.addresses[0],
                link=folder / f"modem-{number}",
                seed=arguments.seed,
                rate=arguments.rate,
                firmware=arguments.firmware,
            )
            self.lines.append(line)
            upward.append(line.upward)
            downward.append(line.downward)

    def run(self, seconds: float) -> None:
        self._start(self.remote_peer.flood)
        for line in self.lines:
            self._start(line.publish)
            self._start(line.misuse)
        self._start(self._restart_broker)
        every = min(10.0, max(0.5, seconds / 600))
        print(f"soak: {len(self.lines)} lines for {seconds / 60:.0f} minutes", flush=True)
        told = 0.0
        while (past := time.monotonic() - self._begin) < seconds:
            time.sleep(min(every, seconds - past))
            self._look()
            if past - told > (2 if sys.stdout.isatty() else 60):
                told = past
                self._progress(seconds)

    def _start(self, work: Callable[[threading.Event], None]) -> None:
        thread = threading.Thread(target=work, args=(self._stop,))
        self._threads.append(thread)
        thread.start()

    def _restart_broker(self, stop: threading.Event) -> None:
        while not stop.wait(self._choice.uniform(60, 180)):
            self.remote_peer.restart_broker(self._choice.uniform(0.5, 15))

    def _look(self) -> None:
        ways = [way for line in self.lines for way in (line.upward, line.downward)]
        self.samples.append(
            gauge.look(
                self._begin,
                sum(way.sent for way in ways),
                sum(way.arrived for way in ways),
                sum(line.recovered().total() for line in self.lines),
            )
        )

    def _progress(self, seconds: float) -> None:
        now = self.samples[-1]
        print(
            f"soak: {now.seconds / 60:.1f} of {seconds / 60:.0f} minutes, {now.sent:,} sent, "
            f"{now.arrived:,} arrived, {now.recoveries} recoveries, {now.memory:.0f} MiB",
            end="\r" if sys.stdout.isatty() else "\n",
            flush=True,
        )

    def finish(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        deadline = time.monotonic() + _SETTLED_IN
        for number, line in enumerate(self.lines):
            if not line.settle(max(1.0, deadline - time.monotonic())):
                line.unexpected.append(f"line {number}: publishes that do not end")
        while time.monotonic() < deadline and any(
            line.upward.missing() or (line.gentle and line.downward.missing())
            for line in self.lines
        ):
            time.sleep(0.5)
            self._look()
        self._look()
        for line in self.lines:
            line.close()
        self.remote_peer.close()


def _tell(soak: _Soak, leaks: Sequence[str], arguments: argparse.Namespace) -> int:
    found = report.faults(soak.lines, leaks)
    head = (
        f"m531x {m531x.__version__}, Python {platform.python_version()}, "
        f"{soak.samples[-1].seconds / 60:.1f} minutes, seed {arguments.seed}, "
        f"firmware {arguments.firmware or 'of both lineages'}, "
        f"broker restarted {soak.remote_peer.restarts} times."
    )
    text = report.text(soak.lines, soak.samples, found, head)
    (arguments.out / "report.md").write_text(text, encoding="utf-8")
    report.picture(soak.samples, arguments.out / "soak.png")
    print(text)
    print(f"soak: {arguments.out / 'report.md'}, {arguments.out / 'soak.png'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
