"""What the process takes of the machine, over time."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import NamedTuple

_SELF = Path("/proc/self")


class Sample(NamedTuple):
    """One look."""

    seconds: float
    """Since the first."""
    memory: float
    """Resident, in MiB."""
    files: int
    """Open file descriptors."""
    threads: int
    sent: int
    """Messages in both directions."""
    arrived: int
    recoveries: int


def resident() -> float:
    """Memory of this process in MiB."""
    pages = int((_SELF / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def open_files() -> int:
    """File descriptors of this process."""
    return len(list((_SELF / "fd").iterdir())) - 1


def all_threads() -> int:
    """Threads of this process, those of Rust too."""
    return len(list((_SELF / "task").iterdir()))


def look(begin: float, sent: int, arrived: int, recoveries: int) -> Sample:
    """A sample of now."""
    return Sample(
        time.monotonic() - begin,
        resident(),
        open_files(),
        all_threads(),
        sent,
        arrived,
        recoveries,
    )


def settled_threads(most: int, seconds: float = 10) -> int:
    """The number of threads, once it is down to ``most`` or the time is over."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while (count := all_threads()) > most and time.monotonic() < deadline:
        pause.wait(0.05)
    return count
