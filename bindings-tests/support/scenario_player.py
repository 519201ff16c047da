"""The scenarios of bindings-tests/scenarios, which Rust, C and Python play alike.

A step calls an operation (`do`) with arguments (`with`), and the outcome is what it `gives`, or
the error with which it `fails`. Payloads have one character for each byte. Rust plays the same
file in rust/core/tests/scenarios.rs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["SCENARIOS", "FailedError", "play"]

FILE = Path(__file__).resolve().parents[1] / "scenarios" / "scenarios.json"
SCENARIOS: dict[str, list[dict[str, Any]]] = {
    scenario["name"]: scenario["steps"] for scenario in json.loads(FILE.read_text("utf-8"))
}


class FailedError(Exception):
    """An operation failed with an error of this name."""


def play(steps: list[dict[str, Any]], side: Any) -> None:
    """Plays the steps; `side` has a method for each operation, and `bytes_sent`."""
    assert steps
    for step in steps:
        before = side.bytes_sent()
        outcome: dict[str, Any] = {}
        try:
            given = getattr(side, step["do"])(**step.get("with", {}))
            if given is not None:
                outcome["gives"] = given
        except FailedError as failed:
            outcome["fails"] = str(failed)
        expected = {key: step[key] for key in ("gives", "fails") if key in step}
        assert outcome == expected, step
        if outcome.get("fails") in ("INVALID_ARGUMENT", "NOT_CONNECTED"):
            assert side.bytes_sent() == before, step
