"""What passed between computer and module, for people and for analysis."""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from m531x._optional import optional

__all__ = ["Trace", "TraceEntry"]

_SHOWN = 200


@dataclass(frozen=True)
class TraceEntry:
    """One line that passed on the port, or one change of state; passwords and PINs are ``***``.

    Attributes:
        timestamp: When, in seconds since 1970 (as `time.time`).
        kind: ``"command"`` went to the module; ``"answer"``, ``"urc"`` and ``"message"`` came from
            it; ``"state"`` is a change of the state of the MQTT connection.
        text: The line, with control characters escaped, or the new state.
    """

    timestamp: float
    kind: Literal["command", "answer", "urc", "message", "state"]
    text: str


class Trace(list[TraceEntry]):
    """The entries in the order of time; a list, which notebooks show as a table.

    Example:
        >>> import m531x
        >>> with m531x.Modem("virtual://", trace=100) as modem:
        ...     _ = modem.command("AT+CGMM")
        ...     trace = modem.trace()
        >>> [(entry.kind, entry.text) for entry in trace[-3:]]
        [('command', 'AT+CGMM'), ('answer', 'M5310-A'), ('answer', 'OK')]
    """

    def to_pandas(self) -> Any:
        """As a `pandas.DataFrame` with the columns ``timestamp`` (UTC), ``kind`` and ``text``.

        Raises:
            M531xError: pandas is not installed.
        """
        pandas = optional("pandas", "pandas")
        rows = [asdict(entry) for entry in self]
        frame = pandas.DataFrame(rows, columns=["timestamp", "kind", "text"])
        frame["timestamp"] = pandas.to_datetime(frame["timestamp"], unit="s", utc=True)
        return frame

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><td>{datetime.fromtimestamp(entry.timestamp):%H:%M:%S.%f}</td>"
            f"<td>{entry.kind}</td>"
            f"<td style='text-align:left'><code>{html.escape(entry.text)}</code></td></tr>"
            for entry in self[-_SHOWN:]
        ]
        more = len(self) - len(rows)
        note = f"<caption>the last {_SHOWN} of {len(self)} entries</caption>" if more else ""
        return (
            f"<table>{note}<tr><th>time</th><th>kind</th><th>text</th></tr>{''.join(rows)}</table>"
        )
