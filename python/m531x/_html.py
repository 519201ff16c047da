"""Tables for notebooks: plain HTML, everything escaped, no script and no style sheet."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import datetime

__all__ = ["clock", "columns", "table"]


def table(title: str, rows: Iterable[tuple[str, object]]) -> str:
    """A table of names and values, without those that are None."""
    cells = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{_shown(value)}</td></tr>"
        for name, value in rows
        if value is not None
    )
    return f"<table><caption>{html.escape(title)}</caption>{cells}</table>"


def columns(title: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a row of names above the others; None is an empty cell."""
    head = "".join(f"<th style='text-align:left'>{html.escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td style='text-align:left'>{'' if value is None else _shown(value)}</td>"
            for value in row
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><caption>{html.escape(title)}</caption><tr>{head}</tr>{body}</table>"


def clock(timestamp: float) -> str:
    """The local time of a `time.time`, to the millisecond."""
    return datetime.fromtimestamp(timestamp).isoformat(" ", "milliseconds")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return f"<code>{html.escape(repr(value))}</code>"
    return html.escape(str(value))
