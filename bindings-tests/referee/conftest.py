"""Fake modules, and drivers in front of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from referee_bench import MakeBench, benches


@pytest.fixture
def bench() -> Iterator[MakeBench]:
    """Makes a fake module with these traits and opens it, and connects unless asked not to."""
    with benches() as make:
        yield make


@pytest.fixture
def many_zeros() -> int:
    """How many publishes of QoS 0 are many."""
    return int(os.environ.get("REFEREE_ZEROS", "2000"))


KNOWN = {
    "acknowledged[qos0-without-id-out of order]": "B1",
    "acknowledged[manual-out of order]": "B1",
    "test_dead_link.py::test_a_publish_refused_while_the_module_reconnects": "B4",
    "test_subscriptions.py::test_a_filter_that_costs": "the budget of a subscription",
    "knows_already_is_kept_after_a_reconnect[601]": "B7",
    "knows_already_is_kept_after_a_reconnect[609]": "B7",
    "knows_already_is_kept_after_a_reconnect[621]": "B7",
    "test_subscriptions.py::test_unsubscribing_what_the_module_does_not": "B7",
    "xtest_random_runs.py::": "B4",
}
"""Tests of what the driver does not do yet, and the point of firmware.md that is open."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the known failures: those that take long, or fail by chance, are not run."""
    for item in items:
        for name, point in KNOWN.items():
            if name in item.nodeid and "referee/" in item.nodeid:
                run = point[1] in "47" and "random_runs" not in name
                item.add_marker(pytest.mark.xfail(reason=f"{point} is open", run=run))
