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
    "test_a_publish_refused_before_a_reconnect": ("an older refusal counts as an id", True),
    "test_a_state_that_was_read_before_a_reconnect": ("an older state is believed", False),
}
"""Tests of what the driver does not do yet: a piece of the name, what is open, whether to run it.

With an entry here the random runs leave `Traits.ok_delay` out, which brings the same about.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the known failures; those that take long are not run."""
    for item in items:
        for name, (reason, run) in KNOWN.items():
            if name in item.nodeid:
                item.add_marker(pytest.mark.xfail(reason=reason, run=run))
