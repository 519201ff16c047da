"""What a soak run says at its end: a verdict, tables and a picture."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from gauge import Sample
from ledger import Direction
from line import Line

_DIRECTIONS = (("published by the modems", "upward"), ("sent to the modems", "downward"))

_ROUGH = (
    "Bytes are taken out of these lines, and restarted modules forget what they had taken from the "
    "broker: messages to the modems may be missing or damaged here, publishes may not."
)


def faults(lines: Sequence[Line], leaks: Sequence[str]) -> list[str]:
    """Everything that must not be; empty if the run was good."""
    found = list(leaks)
    for number, line in enumerate(lines):
        found += line.unexpected
        if missing := line.upward.missing():
            found.append(f"line {number}: publishes lost: {len(missing)}, first {missing[:5]}")
        if line.upward.forged or line.upward.damaged:
            found.append(f"line {number}: publishes not as they were sent")
        if line.gentle and (missing := line.downward.missing()):
            found.append(f"line {number}: messages lost: {len(missing)}, first {missing[:5]}")
        if line.gentle and (line.downward.forged or line.downward.damaged):
            found.append(f"line {number}: messages forged or damaged")
    return found


def text(lines: Sequence[Line], samples: Sequence[Sample], found: Sequence[str], head: str) -> str:
    """The report, as Markdown."""
    parts = [f"# Soak: {'good' if not found else 'NOT GOOD'}", head]
    parts += [f"- {fault}" for fault in found]
    for kind, gentle in (("Faults that lose nothing", True), ("All faults", False)):
        chosen = [line for line in lines if line.gentle is gentle]
        if chosen:
            parts.append(f"## {kind}: {len(chosen)} lines")
            if not gentle:
                parts.append(_ROUGH)
            parts.append(_messages(chosen))
            parts.append(_counts("recoveries by cause", (line.recovered() for line in chosen)))
            parts.append(_counts("what was done to them", (line.actions for line in chosen)))
            if any(line.upward.failed for line in chosen):
                failed = (line.upward.failed for line in chosen)
                parts.append(_counts("publishes told as failed", failed))
    parts.append("## Resources")
    parts.append(_resources(samples))
    return "\n\n".join(parts) + "\n"


def _messages(lines: Sequence[Line]) -> str:
    columns = (
        *("sent", "arrived", "duplicates", "told as failed"),
        *("damaged, told", "damaged, not told", "lost"),
    )
    rows = ["| | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
    for title, attribute in _DIRECTIONS:
        directions: list[Direction] = [getattr(line, attribute) for line in lines]
        cells = [
            sum(direction.sent for direction in directions),
            sum(direction.arrived for direction in directions),
            sum(direction.duplicates for direction in directions),
            sum(direction.failed.total() for direction in directions),
            sum(direction.damaged for direction in directions),
            sum(direction.forged for direction in directions),
            sum(len(direction.missing()) for direction in directions),
        ]
        rows.append(f"| {title} | " + " | ".join(f"{cell:,}" for cell in cells) + " |")
    return "\n".join(rows)


def _counts(title: str, counters: Iterable[collections.Counter[str]]) -> str:
    total: collections.Counter[str] = collections.Counter()
    for counter in counters:
        total.update(counter)
    rows = [f"| {title} | |", "|---|--:|"]
    rows += [f"| {name} | {count:,} |" for name, count in total.most_common() if count]
    return "\n".join(rows)


def _resources(samples: Sequence[Sample]) -> str:
    rows = ["| | after a quarter | at the end | most |", "|---|--:|--:|--:|"]
    early, late = samples[len(samples) // 4], samples[-1]
    for title, name in (("memory, MiB", "memory"), ("files", "files"), ("threads", "threads")):
        most = max(getattr(sample, name) for sample in samples)
        values = (getattr(early, name), getattr(late, name), most)
        rows.append(f"| {title} | " + " | ".join(f"{value:,.0f}" for value in values) + " |")
    return "\n".join(rows)


def picture(samples: Sequence[Sample], to: Path) -> None:
    """Draws memory, files, threads, messages and recoveries over time."""
    figure = Figure(figsize=(10, 8), layout="constrained")
    memory, handles, messages, recoveries = figure.subplots(4, 1, sharex=True)
    minutes = [sample.seconds / 60 for sample in samples]
    memory.plot(minutes, [sample.memory for sample in samples], color="tab:red")
    memory.set_ylabel("memory, MiB")
    handles.plot(minutes, [sample.files for sample in samples], label="open files")
    handles.plot(minutes, [sample.threads for sample in samples], label="threads")
    handles.set_ylabel("count")
    messages.plot(minutes, [sample.sent for sample in samples], label="sent")
    messages.plot(minutes, [sample.arrived for sample in samples], "--", label="arrived")
    messages.set_ylabel("messages")
    recoveries.step(minutes, [sample.recoveries for sample in samples], color="tab:green")
    recoveries.set_ylabel("recoveries")
    recoveries.set_xlabel("minutes")
    for axes in (memory, handles, messages, recoveries):
        axes.set_ylim(0, max(1.0, axes.get_ylim()[1] * 1.05))
        axes.grid(alpha=0.3)
    for axes in (handles, messages):
        axes.legend(loc="lower right")
    figure.savefig(to, dpi=100)
