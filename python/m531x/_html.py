"""Tables for notebooks: plain HTML, everything escaped, no script and no style sheet."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from m531x._errors import ClosedError

if TYPE_CHECKING:
    from m531x._types import MqttState, Stats

__all__ = ["modem_table", "table"]

_COUNTERS = ("messages", "published", "commands", "timeouts", "reboots", "dropped")


class _AnyModem(Protocol):
    @property
    def port(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    def mqtt_state(self) -> MqttState: ...
    def subscriptions(self) -> list[str]: ...
    def stats(self) -> Stats: ...


def modem_table(title: str, modem: _AnyModem) -> str:
    """What a modem is doing; of one that is closed, or not open yet, what can be told."""
    rows: list[tuple[str, object]] = [("port", modem.port), ("closed", modem.closed)]
    # It may be closed meanwhile, or belong to the process that this one was forked from.
    with contextlib.suppress(ClosedError):
        counters = modem.stats()
        rows += [(name, getattr(counters, name)) for name in _COUNTERS]
    with contextlib.suppress(ClosedError):
        rows.append(("state", modem.mqtt_state()))
        rows.append(("subscriptions", ", ".join(modem.subscriptions()) or None))
    return table(title, rows)


def table(title: str, rows: Iterable[tuple[str, object]]) -> str:
    """A table of names and values; what is None is left out."""
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
