"""Tables for notebooks: plain HTML, everything escaped, no script and no style sheet."""

from __future__ import annotations

import html
from collections.abc import Iterable

__all__ = ["table"]


def table(title: str, rows: Iterable[tuple[str, object]]) -> str:
    """A table of names and values, without those that are None."""
    cells = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{_shown(value)}</td></tr>"
        for name, value in rows
        if value is not None
    )
    return f"<table><caption>{html.escape(title)}</caption>{cells}</table>"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return f"<code>{html.escape(repr(value))}</code>"
    return html.escape(str(value))
