"""What every player has in common: it plays the host's side with one library, as it is told.

A player reads JSON objects, one a line, and answers each with one: ``{"open": PORT, "topic": T}``,
``{"ask": COMMAND}``, ``{"close": true}``. What a library offers no way to know is None.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Protocol


class Host(Protocol):
    """One library on one port."""

    def ask(self, command: str) -> list[str]:
        """Sends a command; its answer's lines without the final OK, or any exception."""

    def close(self) -> None:
        """Frees the port."""

    def events(self) -> list[str] | None:
        """Lines reported to the application on their own."""

    def messages(self) -> list[dict[str, Any]] | None:
        """MQTT messages reported as such: topic, payload in hex, whether flagged as doubtful."""

    # A library that flags lines rather than report or lose them adds `doubtful`, as `events`.


def play(opened: Any) -> None:
    """Obeys until the input ends; ``opened(port, topic)`` gives a `Host`."""
    host: Host | None = None
    for line in sys.stdin:
        order = json.loads(line)
        try:
            if "open" in order:
                host = opened(order["open"], order["topic"])
                said: dict[str, Any] = {"done": True}
            elif "ask" in order:
                assert host is not None
                said = {"lines": host.ask(order["ask"])}
            else:
                assert host is not None
                said = {
                    "events": host.events(),
                    "doubtful": host.doubtful() if hasattr(host, "doubtful") else None,
                    "messages": host.messages(),
                }
                host.close()
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)
