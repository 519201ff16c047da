"""What a round shows about a library. The letters are those of docs/security.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ANSWER = "+CSQ: 20,99"
NEXT_ANSWER = "+CSQ: 11,99"
ORDINARY = b"an ordinary message"


@dataclass
class Round:
    """What a player said, in order."""

    opened: dict[str, Any]
    first: dict[str, Any] | None = None
    """The answer to the command during which the message came; None in an idle round."""
    too_early: bool = False
    """Whether that came before the module had answered."""
    next: dict[str, Any] = field(default_factory=dict)
    """The answer to the command after it."""
    end: dict[str, Any] = field(default_factory=dict)
    urcs: list[str] = field(default_factory=list)
    """The genuine URCs around the message."""
    printed: list[str] = field(default_factory=list)
    """All URCs that the module printed."""
    answered: int | None = None
    """How many commands were answered rightly while traffic went on; None in the other rounds."""


def letters(case: dict[str, Any], seen: Round) -> set[str]:
    """A: a command was answered by the message. E: an event or message was forged. L: something
    genuine was lost. m: the message stands among the lines of an answer. ?: something was
    delivered with a flag that says it is doubtful. D: while traffic went on, no command was
    answered, or no message delivered.
    """
    if "error" in seen.opened:
        raise RuntimeError(f"the library did not start: {seen.opened['error']}")
    if seen.answered is not None:
        return _liveness(seen)
    found = set()
    if seen.first is not None:
        found |= _answer(seen.first, ANSWER, case)
        if seen.too_early:
            found |= {"A"}
    found |= _answer(seen.next, NEXT_ANSWER, case)
    found |= _events(seen, case) | _messages(seen, case)
    return found


def _liveness(seen: Round) -> set[str]:
    messages = seen.end.get("messages")
    delivered = messages is None or any(
        bytes.fromhex(message["payload_hex"]) == ORDINARY for message in messages
    )
    return set() if seen.answered and delivered else {"D"}


def payload_of(case: dict[str, Any]) -> bytes:
    """The payload's bytes."""
    if "payload_hex" in case:
        return bytes.fromhex(case["payload_hex"])
    return str(case["payload"]).encode()


def _forged_lines(case: dict[str, Any]) -> set[str]:
    """Lines of the payload that would stand on their own; what is ahead of its first line end is
    part of the module's line.
    """
    text = payload_of(case).decode("latin-1").replace("\r", "\n")
    return {line.strip() for line in text.split("\n")[1:]} - {""}


def _answer(said: dict[str, Any], expected: str, case: dict[str, Any]) -> set[str]:
    if "lines" not in said:
        text = said["error"]
        # An error that the module never sent came out of the message, and silence did not.
        forged = "ERROR" in text and b"ERROR" in payload_of(case)
        return {"A"} if forged else {"L"}
    lines = [line.strip() for line in said["lines"]]
    if "+CSQ: 31,0" in lines:
        return {"A"}
    if expected not in lines:
        # Without a final result or a reading in the payload it is an older answer that came.
        ends = any(text in payload_of(case) for text in (b"OK", b"ERROR"))
        return {"A"} if ends and ANSWER not in lines else {"L"}
    return set() if lines == [expected] else {"m"}


def _events(seen: Round, case: dict[str, Any]) -> set[str]:
    events = seen.end.get("events")
    if events is None:
        return set()
    doubtful = seen.end.get("doubtful") or []
    found = set()
    for line in _forged_lines(case):
        if events.count(line) > seen.printed.count(line):
            found.add("E")
    if any(event.startswith("state: ") for event in events):
        found.add("E")
    for urc in seen.urcs:
        if urc not in events:
            found.add("?" if urc in doubtful else "L")
    return found


def _messages(seen: Round, case: dict[str, Any]) -> set[str]:
    messages = seen.end.get("messages")
    if messages is None:
        return set()
    genuine = {"topic": case["topic"], "payload_hex": payload_of(case).hex(), "flagged": False}
    if any(message != genuine and not message["flagged"] for message in messages):
        return {"E"}
    if any(message["flagged"] for message in messages):
        return {"?"}
    return set() if genuine in messages else {"L"}
