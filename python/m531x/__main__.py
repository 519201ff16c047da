"""``python -m m531x``: the command m531x, and a demo in Python."""

from __future__ import annotations

import argparse
import sys

from m531x import _command

__all__ = ["main"]


def main() -> int:
    """Runs a command and returns its exit code, which is that of the command m531x."""
    if sys.argv[1:2] == ["demo"]:
        return _demo(sys.argv[2:])
    return _command.main()


def _demo(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m m531x demo",
        description="Starts a virtual modem and a broker, runs a script against them, and shows "
        "the traffic on the serial port beside the steps of the script. It ends by itself.",
        epilog="example: python -m m531x demo",
    )
    parser.add_argument(
        "--model", default="M5310-A", help="the module to play (default: %(default)s)"
    )
    chosen = parser.parse_args(arguments)

    from m531x._demo import run

    return run(chosen.model)


if __name__ == "__main__":
    sys.exit(main())
