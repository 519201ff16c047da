"""Fake modules, and drivers in front of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from referee_bench import MakeBench, benches


@pytest.fixture
def bench() -> Iterator[MakeBench]:
    """Makes a fake module with these traits and opens it, and connects unless asked not to."""
    with benches() as make:
        yield make
