"""The error for an argument of a wrong type, which the table of errors does not know."""

from __future__ import annotations

from m531x._errors import InvalidArgumentError

__all__ = ["ArgumentTypeError"]


class ArgumentTypeError(InvalidArgumentError, TypeError):
    """An argument was of a wrong type; the text names it and says what to give."""
