"""The lab, and targets in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import labgrid
import pytest
from labgrid.resource.remote import RemotePlaceManager

import m531x
from lab import Lab

EXAMPLE = Path(__file__).parents[2] / "examples" / "labgrid"


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with eight places."""
    assert shutil.which("ser2net") or Path("/usr/sbin/ser2net").exists(), "ser2net is missing"
    lab = Lab(tmp_path_factory.mktemp("lab"), 8)
    yield lab
    lab.close()


@pytest.fixture
def environment(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Loads the environment of the example for a place, and closes it after the test."""
    monkeypatch.setenv("LG_COORDINATOR", lab.coordinator)
    with contextlib.ExitStack() as stack:

        def load(place: str) -> Any:
            monkeypatch.setenv("LG_PLACE", place)
            # A process of labgrid has one session, which learns of an acquisition when it is used.
            session = RemotePlaceManager.get().session
            if session is not None:
                session.loop.run_until_complete(session.sync_with_coordinator())
            environment = labgrid.Environment(str(EXAMPLE / "environment.yaml"))
            stack.callback(environment.cleanup)
            return environment

        yield load


@pytest.fixture
def topic() -> str:
    """A topic of this test alone."""
    return f"lab/{uuid.uuid4().hex}"


def round_trip(modem: m531x.Modem, topic: str) -> None:
    """Publishes to the own subscription."""
    subscription = modem.subscribe(topic, qos=1)
    modem.publish(topic, os.fsencode(topic), qos=1)
    assert subscription.receive(timeout=30).text == topic
