"""Plays the smuggling corpus against AT libraries, and writes the table of docs/security.md.

``make scoreboard`` runs it. README.md beside it says what the corpus is; what plays is in
``players/`` and ``benches/examples/smuggling_player``.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import importlib.metadata
import itertools
import json
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from smuggling_judge import ANSWER, ORDINARY, Round, letters, payload_of
from smuggling_module import Module

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "security.md"
RUST = ROOT / "target" / "debug" / "examples" / "smuggling_player"
PAUSE = 0.4
"""How long the module keeps its answer back behind a message, in seconds."""
ROUNDS = ("together", "apart", "idle", "traffic")
LIVELY = 3.0
"""How long the traffic of the last round goes on, in seconds."""
ASKED = 0.05
"""How often it asks, in seconds."""
STATED = 5.0
"""How long that round waits for a first answer, and for the first message."""
TRIES = 5
PIECE = 16
"""So many cases are played one after the other; the pieces at the same time."""


class Player(NamedTuple):
    """A library and how to start its player."""

    name: str
    command: tuple[str, ...]
    package: str = ""
    """What its version is looked up by; empty for ours."""


def players(peers: Path, rust: Path) -> list[Player]:
    """All of them, in the order of the table."""
    theirs = str(peers / "bin" / "python")

    def ours(*arguments: str) -> tuple[str, ...]:
        return (sys.executable, str(HERE / "players" / "m531x_modem.py"), *arguments)

    def peer(name: str) -> tuple[str, ...]:
        return (theirs, str(HERE / "players" / f"{name}.py"))

    return [
        Player("m531x (Python)", ours()),
        Player("m531x (Python), `#`", ours("--wide")),
        Player("m531x (Rust)", (str(rust), "m531x")),
        Player("m531x (Rust), `#`", (str(rust), "m531x", "--wide")),
        Player("atat", (str(rust), "atat"), "atat"),
        Player("pyserial", peer("pyserial_lines"), "pyserial"),
        Player("pyatcommand", peer("pyatcommand_client"), "pyatcommand"),
        Player("python-gsmmodem-new", peer("gsmmodem_modem"), "python-gsmmodem-new"),
        Player("sim-modem", peer("sim_modem_modem"), "sim-modem"),
        Player("ublox", peer("ublox_module"), "ublox"),
    ]


class Process:
    """A player that runs."""

    def __init__(self, player: Player) -> None:
        self.answers = True
        """Whether the last order was answered."""
        self._process = subprocess.Popen(
            player.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def tell(self, order: dict[str, Any]) -> None:
        """Gives an order; its answer is read with `hear`."""
        assert self._process.stdin is not None
        # One that died is found out when it is listened to.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()

    def hear(self, timeout: float = 60) -> dict[str, Any]:
        """The answer to the oldest order."""
        if not self.has_said(timeout):
            self.answers = False
            return {"error": "no word from the player"}
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.answers = bool(line)
        return dict(json.loads(line)) if line else {"error": "the player died"}

    def has_said(self, timeout: float) -> bool:
        """Whether an answer is there within so many seconds."""
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], timeout)[0])

    def end(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def play(
    player: Player, how: str, corpus: dict[str, Any], cases: list[Any]
) -> list[tuple[set[str], int | None]]:
    """One round of each case, with a module and a port of its own: its letters, and how many
    commands were answered while traffic went on.
    """
    process = Process(player)
    try:
        results = []
        for case in cases:
            seen = play_one(process, how, corpus, case)
            for _ in range(TRIES):
                if process.answers and "error" not in seen.opened:
                    break
                if how == "traffic" and "error" not in seen.opened:
                    # It did not answer in time because it is deaf.
                    process.end()
                    process = Process(player)
                    break
                # A busy machine can make a player too late; its answers would not fit any more.
                process.end()
                process = Process(player)
                seen = play_one(process, how, corpus, case)
            results.append((letters(case, seen), seen.answered))
        return results
    finally:
        process.end()


def play_one(process: Process, how: str, corpus: dict[str, Any], case: dict[str, Any]) -> Round:
    """One round."""
    module = Module()
    try:
        process.tell({"open": module.port, "topic": filter_of(case["topic"])})
        seen = Round(opened=process.hear())
        if "error" not in seen.opened and how == "traffic":
            run_with_traffic(module, process, case, seen)
        elif "error" not in seen.opened:
            run(module, process, how, corpus, case, seen)
        return seen
    finally:
        module.close()


def run(
    module: Module,
    process: Process,
    how: str,
    corpus: dict[str, Any],
    case: dict[str, Any],
    seen: Round,
) -> None:
    """The message comes, and the library is watched."""
    message = printed(case)
    if how == "idle":
        seen.urcs = ["+CEREG: 1", "+CEREG: 5"]
        module.say_unasked("+CEREG: 1")
        module.say(message + b"\r\n+CEREG: 5\r\n")
        time.sleep(PAUSE)
    else:
        module.held = True
        process.tell({"ask": "AT+CSQ"})
        assert module.asked.wait(30), "the command never came"
        if how == "together":
            assert module.answer() == corpus["behind"].encode()
            module.say(message + corpus["behind"].encode())
        else:
            module.say(message)
            seen.too_early = process.has_said(PAUSE)
            module.say(module.answer())
        seen.first = process.hear()
        time.sleep(PAUSE / 2)
    module.signal = b"11,99"
    process.tell({"ask": "AT+CSQ"})
    seen.next = process.hear()
    process.tell({"close": True})
    seen.end = process.hear()
    seen.printed = [*module.urcs, *seen.urcs[1:]]


def run_with_traffic(module: Module, process: Process, case: dict[str, Any], seen: Round) -> None:
    """The message comes once a second among ordinary ones; a command is asked again and again."""
    over = threading.Event()
    ordinary = printed({"topic": case["topic"], "payload": ORDINARY.decode()})
    calm = printed({"topic": "calm", "payload": ORDINARY.decode()})

    def talk() -> None:
        for tick in itertools.count():
            if tick % 10 == 0:
                module.say(printed(case))
            # One for those that subscribe to the topic, one for those that subscribe to all.
            module.say(ordinary if tick % 2 else calm)
            if over.wait(0.1):
                return

    talker = threading.Thread(target=talk)
    talker.start()
    seen.answered = 0
    start = time.monotonic()
    while True:
        asked = time.monotonic()
        process.tell({"ask": "AT+CSQ"})
        said = process.hear(2 * STATED)
        lines = [line.strip() for line in said.get("lines", ())]
        time.sleep(max(ASKED - (time.monotonic() - asked), 0))
        spent = time.monotonic() - start
        seen.answered += ANSWER in lines and spent < STATED
        if not process.answers or spent > STATED or (spent > LIVELY and seen.answered):
            break
    over.set()
    talker.join()
    if process.answers:
        process.tell({"close": True})
        seen.end = process.hear()


def printed(case: dict[str, Any]) -> bytes:
    """The message; some libraries want the line end in front, which not all modules print."""
    topic, payload = case["topic"].encode(), payload_of(case)
    return b"\r\n+MQTTPUBLISH:0,0,0,0,%s,%d,%s\r\n" % (topic, len(payload), payload)


def filter_of(topic: str) -> str:
    """What subscribes to this topic and little else: AT has no way to write a quote."""
    return "+" if '"' in topic else topic


def version_of(player: Player, peers: Path) -> str:
    """The version that plays."""
    if player.package == "atat":
        lock = (ROOT / "Cargo.lock").read_text()
        return lock.split('name = "atat"\nversion = "')[1].split('"')[0]
    if player.package:
        (folder,) = (peers / "lib").glob("python3*/site-packages")
        found = importlib.metadata.distributions(name=player.package, path=[str(folder)])
        return next(iter(found)).version
    import m531x

    return m531x.__version__


def share(rates: list[int]) -> str:
    """The least rate of commands, against that of the first case, which is nothing hostile."""
    return f"{100 * min(rates) // max(rates[0], 1)} %"


def table(
    results: dict[str, list[set[str]]],
    rates: dict[str, list[int]],
    names: list[str],
    versions: dict[str, str],
) -> str:
    """The two tables of the page."""
    lines = [
        f"{len(names)} cases in four rounds each; a case counts once however many rounds show it.",
        "",
        "| library | version | answered by the message (A) | forged event or message (E) "
        "| genuine lost (L) | message among an answer's lines (m) | deaf (D) "
        "| none of these | least rate of commands |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for player, cells in results.items():
        counts = [sum(letter in cell for cell in cells) for letter in "AELmD"]
        clean = sum(not cell - {"?"} for cell in cells)
        entries = [*map(str, [*counts, clean]), share(rates[player])]
        lines.append(f"| {player} | {versions[player]} | " + " | ".join(entries) + " |")
    lines += ["", "| case | " + " | ".join(results) + " |", "|---|" + "---|" * len(results)]
    for index, name in enumerate(names):
        row = ["".join(sorted(cells[index])) or "·" for cells in results.values()]
        lines.append(f"| {name} | " + " | ".join(row) + " |")
    return "\n".join(lines)


def main() -> int:
    """Plays, prints, and writes the page unless told to check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, default=ROOT / "target/scoreboard/venv")
    parser.add_argument("--rust", type=Path, default=RUST)
    parser.add_argument("--only", help="players whose name contains this; prints, writes nothing")
    parser.add_argument("--case", help="cases whose name contains this; prints, writes nothing")
    parser.add_argument("--jobs", type=int, default=4 * (os.cpu_count() or 1))
    options = parser.parse_args()
    corpus = json.loads((HERE / "corpus.json").read_text())
    cases = [case for case in corpus["cases"] if (options.case or "") in case["name"]]
    chosen = [p for p in players(options.peers, options.rust) if (options.only or "") in p.name]
    results: dict[str, list[set[str]]] = {}
    rates: dict[str, list[int]] = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        pieces = [cases[start : start + PIECE] for start in range(0, len(cases), PIECE)]
        jobs = {
            p: [[pool.submit(play, p, how, corpus, piece) for piece in pieces] for how in ROUNDS]
            for p in chosen
        }
        for player, rounds in jobs.items():
            played = [[one for job in parts for one in job.result()] for parts in rounds]
            each = list(zip(*played, strict=True))
            results[player.name] = [set().union(*(found for found, _ in one)) for one in each]
            rates[player.name] = [one[-1][1] or 0 for one in each]
            print(f"{player.name}: played", file=sys.stderr, flush=True)
    versions = {player.name: version_of(player, options.peers) for player in chosen}
    text = table(results, rates, [case["name"] for case in cases], versions)
    print(text)
    if not (options.only or options.case):
        before, _, rest = PAGE.read_text().partition("<!-- scoreboard -->\n")
        _, _, after = rest.partition("<!-- /scoreboard -->")
        PAGE.write_text(f"{before}<!-- scoreboard -->\n\n{text}\n\n<!-- /scoreboard -->{after}")
    ours = [cell for name, cells in results.items() if name.startswith("m531x") for cell in cells]
    return int(any(cell & {"A", "E", "m", "D"} for cell in ours))


if __name__ == "__main__":
    sys.exit(main())
