"""Puts what a benchmark printed into docs/benchmarks.md, with the machine: page.py BLOCK FILE."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
# Criterion's own lines: the tables below them have the same figures beside those of the peer.
_CRITERION = re.compile(
    r"^(parser/|Benchmarking|Found \d+ outliers|Warning|Gnuplot|running \d+ tests|test result)"
    r"|^\s+(time:|thrpt:|change:|\d+ \(\d|Performance|No change|Change within)"
)


def main() -> None:
    """Replaces the block."""
    block, printed = sys.argv[1], Path(sys.argv[2]).read_text("utf-8")
    before, begin, after = PAGE.read_text("utf-8").partition(f"<!-- begin: make {block} -->\n")
    _, end, after = after.partition(f"<!-- end: make {block} -->\n")
    if not begin or not end:
        sys.exit(f"{PAGE} has no block for make {block}")
    made = f"{machine()}\n\n```text\n{tables(printed)}\n```\n"
    PAGE.write_text(f"{before}{begin}{made}{end}{after}", "utf-8")
    print(f"make {block}: {PAGE.relative_to(Path.cwd())}")


def tables(printed: str) -> str:
    """What is for the page."""
    lines = [line.rstrip() for line in printed.splitlines() if not _CRITERION.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def machine() -> str:
    """A sentence about the machine, and how busy it was."""
    names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text("utf-8"), re.M)
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True)
    load, cores = os.getloadavg()[2], os.cpu_count() or 1
    busy = ", so it was busy with other work too" if load > cores + 1 else ""
    return (
        f"{datetime.date.today():%d %B %Y}: {names[0] if names else platform.machine()}, "
        f"{cores} cores, Linux {platform.release()}, rustc {rustc.stdout.split()[1]}, "
        f"Python {platform.python_version()}. The load of the last quarter of an hour was "
        f"{load:.1f}{busy}."
    )


if __name__ == "__main__":
    main()
