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


KNOWN = {
    "test_subscribing_again_after_an_unsubscribe_without": "what the table is worth then",
}
"""Tests of what the driver does not do yet, by a piece of their name, and what is open."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the known failures, which take too long to be run."""
    for item in items:
        for name, point in KNOWN.items():
            if name in item.nodeid:
                item.add_marker(pytest.mark.xfail(reason=f"{point} is open", run=False))
