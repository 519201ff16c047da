"""How long importing takes, in new processes, against what else speaks to modems and brokers.

Rounds are interleaved and medians compared. The ratio is their time by ours: above 1.00, m531x is
quicker.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

from python_ratios import HEAD, ratio

_MODULES = ("m531x", "m531x.aio", "serial", "paho.mqtt.client")
_SCRIPT = "import time; begun = time.perf_counter(); import {}; print(time.perf_counter() - begun)"


def _seconds(module: str) -> float:
    command = [sys.executable, "-c", _SCRIPT.format(module)]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    times: dict[str, list[float]] = {module: [] for module in _MODULES}
    for _ in range(options.rounds):
        for module in _MODULES:
            times[module].append(_seconds(module))
    print(f"import, {options.rounds} rounds")
    print(f"{'':22}{'p50 ms':>9}{HEAD}")
    ours = times["m531x"]
    for module, values in times.items():
        print(f"{module:22}{statistics.median(values) * 1e3:9.1f}{ratio(values, ours)}")


if __name__ == "__main__":
    main()
