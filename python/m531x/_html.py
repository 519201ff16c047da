"""Tables for notebooks: plain HTML, everything escaped, no script and no style sheet."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import datetime

__all__ = ["clock", "columns", "table"]


def table(title: str, rows: Iterable[tuple[str, object]]) -> str:
    """A table of names and values, without those that are None."""
    return _table(title, (_head(name) + _cell(value) for name, value in rows if value is not None))


def columns(title: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a row of names above the others; None is an empty cell."""
    body = ("".join(map(_cell, row)) for row in rows)
    return _table(title, ["".join(map(_head, names)), *body])


def clock(timestamp: float) -> str:
    """The local time of a `time.time`, to the millisecond."""
    return datetime.fromtimestamp(timestamp).isoformat(" ", "milliseconds")


def _table(title: str, rows: Iterable[str]) -> str:
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><caption>{html.escape(title)}</caption>{body}</table>"


def _head(name: str) -> str:
    return f"<th style='text-align:left'>{html.escape(name)}</th>"


def _cell(value: object) -> str:
    return f"<td style='text-align:left'>{_shown(value)}</td>"


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return f"<code>{html.escape(repr(value))}</code>"
    return html.escape(str(value))
