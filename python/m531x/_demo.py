"""The demo: a script, a virtual modem, and the traffic between them."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import shutil
import sys
import time
from typing import BinaryIO, NamedTuple, cast

import m531x

__all__ = ["run"]

_TOPIC = "m531x/demo"
_PUBLISHED = [
    (0, b"21.5"),
    (1, b'{"temperature": 21.5, "note": "OK, says the payload"}'),
    (2, "温度\r\nOK\r\n".encode()),
]
_PATIENCE_S = 10.0
_CYAN, _YELLOW, _GREEN, _PLAIN = "\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[0m"


class _Row(NamedTuple):
    at: float
    side: str
    text: str


class _Note(NamedTuple):
    at: float
    after: int
    """The number of entries in the transcript by then."""
    text: str


def run(model: str) -> int:
    """Runs the demo and returns the exit code: 0 if every published message came back."""
    # A pipe on Windows, or a terminal of another language, has no sign for every payload.
    with contextlib.suppress(AttributeError):
        cast("io.TextIOWrapper[BinaryIO]", sys.stdout).reconfigure(errors="backslashreplace")
    try:
        with m531x.VirtualModem(model) as virtual:
            begun = time.monotonic()
            print(f"virtual {model} on {virtual.port}, broker on {virtual.broker}\n", flush=True)
            diary: list[_Note] = []
            failure = None
            try:
                failure = _talk(virtual, begun, diary)
            finally:
                _print(virtual, diary)
    except m531x.M531xError as error:
        print(f"the demo failed: {error}", file=sys.stderr)
        return 1
    if failure is not None:
        print(f"\nthe demo failed: {failure}", file=sys.stderr)
        return 1
    print("\nthe callback received every published message, byte for byte")
    return 0


def _talk(virtual: m531x.VirtualModem, begun: float, diary: list[_Note]) -> str | None:
    """Runs the script and returns the failure, if any."""

    def note(text: str) -> None:
        diary.append(_Note(time.monotonic() - begun, len(virtual.transcript), text))

    came_back: queue.SimpleQueue[m531x.Message] = queue.SimpleQueue()

    def callback(message: m531x.Message) -> None:
        note(f"callback: {message.text!r}")
        came_back.put(message)

    with m531x.Modem(virtual.port) as modem:
        note(f"modem = Modem({virtual.port!r})")
        modem.connect("broker.example", client_id="m531x-demo")
        note("modem.connect(...): connected")
        granted = modem.subscribe(_TOPIC, qos=2, callback=callback).granted_qos
        note(f"modem.subscribe({_TOPIC!r}, ...): QoS {granted}")
        for qos, payload in _PUBLISHED:
            receipt = modem.publish(_TOPIC, payload, qos=qos)
            note(f"modem.publish(..., qos={qos}): packet id {receipt.packet_id}")
            try:
                message = came_back.get(timeout=_PATIENCE_S)
            except queue.Empty:
                return f"nothing came back within {_PATIENCE_S:.0f} s"
            if message.payload != payload:
                return f"published {payload!r}, but {message.payload!r} came back"
        modem.disconnect()
        note("modem.disconnect()")
    return None


def _print(virtual: m531x.VirtualModem, diary: list[_Note]) -> None:
    """Two columns, in order: the serial port, the script."""
    wire = [_Row(entry.at, entry.direction, entry.text) for entry in virtual.transcript]
    rows: list[_Row] = []
    shown = 0
    # Placed by the length of the transcript, because the two clocks start at different times.
    for note in sorted(diary, key=lambda note: note.after):
        rows += [*wire[shown : note.after], _Row(note.at, "script", note.text)]
        shown = note.after
    rows += wire[shown:]
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = max(40, (shutil.get_terminal_size((120, 24)).columns - 14) // 2)
    print(f"{'seconds':>8}  {'serial port':<{width}}  the script")
    for row in rows:
        if row.side == "script":
            left, right, colour = "", row.text, _GREEN
        else:
            inbound = row.side == "to module"
            left, right = f"{'>' if inbound else '<'} {row.text}", ""
            colour = _CYAN if inbound else _YELLOW
        for number, (one, other) in enumerate(_folded(left, right, width)):
            seconds = f"{row.at:8.3f}" if number == 0 else " " * 8
            line = f"{one:<{width}}  {other}".rstrip()
            print(f"{seconds}  {colour}{line}{_PLAIN}" if colours else f"{seconds}  {line}")


def _folded(left: str, right: str, width: int) -> list[tuple[str, str]]:
    """The two texts cut into lines of the column's width."""
    longest = max(len(left), len(right), 1)
    return [(left[at : at + width], right[at : at + width]) for at in range(0, longest, width)]
