"""The command ``m531x``: the command line of the Rust workspace, in the wheel."""

from __future__ import annotations

import signal
import sys

from m531x import _native

__all__ = ["main"]


def main() -> int:
    """Runs the command with this process's arguments and returns its exit code."""
    # Python's own handler would run only after the command has ended.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.command_line(["m531x", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
