"""Modems in a lab: coordinator, exporter and ser2net are the real ones, the modules are virtual."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from labgrid.exceptions import NoResourceFoundError
from labgrid.remote.client import UserError
from labgrid.strategy import StrategyError

import m531x
from conftest import EXAMPLE, round_trip
from lab import Lab, until

Load = Callable[[str], Any]


def _strategy(target: Any) -> Any:
    return target.get_driver("M531xStrategy")


def test_the_strategy_takes_a_module_up_and_down(lab: Lab, environment: Load, topic: str) -> None:
    with lab.acquired("modem-0"):
        target = environment("modem-0").get_target()
        strategy = _strategy(target)
        strategy.transition("answering")
        modem = strategy.modem.modem
        assert modem.info().model == "M5310-A"
        strategy.transition("registered")
        assert modem.state is not m531x.MqttState.CONNECTED
        strategy.transition("connected")
        assert strategy.modem.modem is modem
        round_trip(modem, topic)
        strategy.transition("answering")
        assert modem.state is not m531x.MqttState.CONNECTED
        strategy.transition("off")
        assert modem.closed
        strategy.transition("connected")
        round_trip(strategy.modem.modem, topic)


def test_reset_reboots_the_module(lab: Lab, environment: Load, topic: str) -> None:
    with lab.acquired("modem-0"):
        target = environment("modem-0").get_target()
        _strategy(target).transition("connected")
        reset = target.get_driver("ResetProtocol")
        reset.reset()
        assert reset.modem.stats().reboots == 1
        _strategy(target).transition("connected")
        round_trip(reset.modem, topic)


def test_eight_workers_of_two_runs_use_eight_places(lab: Lab, tmp_path: Path) -> None:
    environment = lab.environment("", LG_ENV=str(EXAMPLE / "environment.yaml"))
    # Each worker keeps its place until all have one.
    (tmp_path / "test_places.py").write_text(
        f"""
import os, pathlib, time, pytest
folder = pathlib.Path({str(tmp_path)!r})

@pytest.mark.parametrize("number", range(4))
def test_all_have_a_place(number, strategy, target):
    strategy.transition("connected")
    modem = target.get_driver("M531xDriver").modem
    modem.publish("lab/used", os.environ["LG_PLACE"], qos=1)
    # A file for each worker: a place that two workers have makes two.
    (folder / (os.environ["LG_PLACE"] + f"-{{os.getpid()}}.used")).touch()
    deadline = time.monotonic() + 350
    while len(list(folder.glob("*.used"))) < 8:
        assert time.monotonic() < deadline
        time.sleep(0.1)
"""
    )
    (tmp_path / "conftest.py").write_text((EXAMPLE / "conftest.py").read_text())
    command = [sys.executable, "-m", "pytest", "-q", "-n", "4", "--dist", "load", str(tmp_path)]
    runs = [
        subprocess.Popen(
            [*command, "-p", "no:cacheprovider", "--rootdir", str(tmp_path)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    for run in runs:
        output, _ = run.communicate(timeout=400)
        assert run.returncode == 0, output
        assert "4 passed" in output
    used = sorted(path.name.rpartition("-")[0] for path in tmp_path.glob("*.used"))
    assert used == lab.names
    # Each worker has published the name of the place through the module of that place.
    published = [lab.virtual(name).published[-1].text for name in lab.names]
    assert published == lab.names
    assert lab.acquired_places() == []
    assert lab.reservations() == 0


def _run_example(lab: Lab, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = lab.environment("", LG_ENV=str(EXAMPLE / "environment.yaml"), **variables)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", EXAMPLE],
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def test_the_example_passes(lab: Lab) -> None:
    done = _run_example(lab)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert lab.acquired_places() == []
    assert lab.reservations() == 0


def test_an_exporter_that_restarts_is_used_again(lab: Lab, environment: Load, topic: str) -> None:
    with lab.acquired("modem-1"):
        strategy = _strategy(environment("modem-1").get_target())
        strategy.transition("connected")
        before = strategy.modem.modem
        subscription = before.subscribe(topic, qos=1)
        lab.stop_exporter()
        until(lambda: before.closed, "the modem is closed")
        with pytest.raises(m531x.ClosedError):
            before.publish(topic, "lost", qos=1)
        with pytest.raises(m531x.ClosedError):
            subscription.receive(timeout=30)
        with pytest.raises(m531x.PortError, match="its exporter stopped"):
            strategy.modem.modem.publish(topic, "lost", qos=1)
        lab.start_exporter()
        strategy.transition("connected")
        assert strategy.modem.modem is not before
        round_trip(strategy.modem.modem, topic)


def test_a_killed_exporter_ends_no_test(lab: Lab, environment: Load, topic: str) -> None:
    with lab.acquired("modem-1"):
        strategy = _strategy(environment("modem-1").get_target())
        strategy.transition("connected")
        # Its ser2net goes on, and so does the connection.
        lab.stop_exporter(signal.SIGKILL)
        round_trip(strategy.modem.modem, topic)
        lab.start_exporter()
        round_trip(strategy.modem.modem, f"{topic}/again")
        strategy.transition("off")
        strategy.transition("connected")
        round_trip(strategy.modem.modem, topic)


def test_a_release_ends_a_connect(lab: Lab, environment: Load) -> None:
    lab.virtual("modem-2").cut_network()
    try:
        with lab.acquired("modem-2"):
            strategy = _strategy(environment("modem-2").get_target())
            strategy.transition("answering")
            errors: list[BaseException] = []

            def connect() -> None:
                try:
                    strategy.modem.modem.connect("broker.example", client_id="c", timeout=300)
                except BaseException as error:
                    errors.append(error)

            thread = threading.Thread(target=connect)
            thread.start()
            until(
                lambda: strategy.modem.modem.state is m531x.MqttState.CONNECTING,
                "it is connecting",
            )
            lab.client("-p", "modem-2", "release")
            thread.join(60)
            assert not thread.is_alive()
            (error,) = errors
            assert isinstance(error, (m531x.ClosedError, m531x.PortError))
            with pytest.raises(UserError, match="is not acquired"):
                strategy.transition("connected")
    finally:
        lab.virtual("modem-2").restore_network()


def test_a_release_ends_a_transition(lab: Lab, environment: Load) -> None:
    lab.virtual("modem-2").cut_network()
    try:
        with lab.acquired("modem-2"):
            strategy = _strategy(environment("modem-2").get_target())
            strategy.transition("answering")
            release = threading.Timer(0.5, lab.client, ("-p", "modem-2", "release"))
            release.start()
            with pytest.raises(StrategyError, match=r"not connected: .*the place was released"):
                strategy.transition("connected")
            release.join()
    finally:
        lab.virtual("modem-2").restore_network()


def test_two_clients_on_one_port_get_an_error(lab: Lab, environment: Load, topic: str) -> None:
    with lab.acquired("modem-3"):
        first = _strategy(environment("modem-3").get_target())
        first.transition("connected")
        # The same user may use a place from several processes at once.
        second = _run_example(lab, LG_PLACE="modem-3")
        assert second.returncode == 1
        assert "is in use by another m531x driver of this user" in second.stdout
        round_trip(first.modem.modem, topic)
        first.transition("off")
        second = _run_example(lab, LG_PLACE="modem-3")
        assert second.returncode == 0, second.stdout


def test_another_user_is_refused(
    lab: Lab, environment: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lab.acquired("modem-3"):
        monkeypatch.setenv("LG_USERNAME", "somebody")
        with pytest.raises(UserError, match="is not acquired by your user"):
            environment("modem-3").get_target()
        monkeypatch.undo()


def test_a_place_without_its_exporter_says_so(lab: Lab, environment: Load) -> None:
    with lab.acquired("modem-3"):
        strategy = _strategy(environment("modem-3").get_target())
        strategy.modem.exporter_timeout = 1.0
        lab.stop_exporter()
        try:
            with pytest.raises(NoResourceFoundError, match="serves the port of place modem-3: st"):
                strategy.transition("answering")
        finally:
            lab.start_exporter()
