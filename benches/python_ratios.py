"""The ratio of two series of rounds, with its spread."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

HEAD = f"{'ratio':>8}{'  (middle half)':15}"


def ratio(others: Sequence[float], own: Sequence[float]) -> str:
    """The median of the rounds' ratios, and between which two the middle half of them lies."""
    ratios = [other / mine for other, mine in zip(others, own, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    spread = f"({low:.2f} to {high:.2f})"
    return f"{middle:8.2f}  {spread:13}"
