"""Data frames of pandas, which is optional."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final

from m531x._errors import ArgumentTypeError
from m531x._native import Message
from m531x._optional import optional

__all__ = ["frame", "to_pandas"]

_MESSAGE: Final = (
    "timestamp",
    "topic",
    "payload",
    "text",
    "qos",
    "retain",
    "dup",
    "packet_id",
    "truncated",
    "ambiguous",
)
# Seconds since 1970.
_TIMES: Final = ("timestamp", "stored_at")


def to_pandas(items: Iterable[Any]) -> Any:
    """A `pandas.DataFrame` of messages, receipts, events, lines of a trace or other values.

    It has a column for each attribute, and a row for each value. Times are in UTC; messages have
    their text beside their payload.

    Args:
        items: Values of one kind: messages, such as ``modem.messages(timeout=0)``, receipts,
            events, a part of a trace, or other dataclasses of this package.

    Raises:
        ArgumentTypeError: The values are of several kinds, or of one without columns.
        M531xError: pandas is not installed.

    Examples:
        >>> import m531x
        >>> with m531x.Modem("virtual://") as modem:
        ...     _ = modem.connect("broker.example", client_id="meter-17")
        ...     receipts = [modem.publish("count", str(n), qos=1) for n in range(3)]
        >>> list(m531x.to_pandas(receipts).columns)
        ['packet_id', 'qos', 'elapsed']
    """
    values = list(items)
    return frame(values, _columns_of(values))


def frame(values: Sequence[Any], columns: Sequence[str]) -> Any:
    """The data frame of values that have these attributes.

    Raises:
        M531xError: pandas is not installed.
    """
    pandas = optional("pandas", "pandas")
    rows = [[_cell(getattr(value, column)) for column in columns] for value in values]
    made = pandas.DataFrame(rows, columns=list(columns))
    for column in _TIMES:
        if column in columns:
            made[column] = pandas.to_datetime(made[column], unit="s", utc=True)
    return made


def _columns_of(values: list[Any]) -> tuple[str, ...]:
    kinds: set[type[Any]] = {type(value) for value in values}
    if not kinds:
        return ()
    if len(kinds) > 1:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise ArgumentTypeError(f"items are {names}: give values of one kind")
    (kind,) = kinds
    if kind is Message:
        return _MESSAGE
    if not is_dataclass(kind):
        raise ArgumentTypeError(
            f"items are {kind.__name__}: give messages, receipts, events or lines of a trace"
        )
    return tuple(field.name for field in fields(kind))


def _cell(value: object) -> object:
    return str(value) if isinstance(value, enum.Enum) else value
