"""``python -m m531x demo``."""

from __future__ import annotations

import argparse
import sys

from m531x import __version__


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code: 0 done, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(
        prog="python -m m531x",
        description="M531x NB-IoT modules as MQTT clients. The command m531x can do more.",
    )
    parser.add_argument("--version", action="version", version=f"m531x {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    demo = commands.add_parser(
        "demo",
        help="show the whole way on a virtual modem, without hardware",
        description="Starts a virtual modem and a broker, runs a script against them, and shows "
        "the traffic on the serial port beside the steps of the script. It ends by itself.",
        epilog="example: python -m m531x demo",
    )
    demo.add_argument(
        "--model", default="M5310-A", help="the module to play (default: %(default)s)"
    )
    chosen = parser.parse_args(arguments)

    from m531x._demo import run

    return run(chosen.model)


if __name__ == "__main__":
    sys.exit(main())
