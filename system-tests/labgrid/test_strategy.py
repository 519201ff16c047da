"""The strategy with a power driver, on serial ports of this machine."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attr
import labgrid
import pytest
from labgrid.driver import Driver
from labgrid.factory import target_factory
from labgrid.protocol import PowerProtocol
from labgrid.strategy import StrategyError

import m531x


@target_factory.reg_driver
@attr.s(eq=False)
class BenchPower(Driver, PowerProtocol):
    """The supply of a module that hangs until it is switched off and on."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.calls: list[str] = []
        self.link = ""
        self.mends = True
        self.virtual: m531x.VirtualModem | None = None

    def hang(self) -> None:
        self._start("silent")

    def on(self) -> None:
        self.calls.append("on")

    def off(self) -> None:
        self.calls.append("off")

    def cycle(self) -> None:
        self.calls.append("cycle")
        if self.mends:
            self._start()

    def close(self) -> None:
        if self.virtual is not None:
            self.virtual.close()

    def _start(self, *faults: str) -> None:
        self.close()
        self.virtual = m531x.VirtualModem(link=self.link, faults=faults)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Any]:
    link = tmp_path / "modem"
    path = tmp_path / "environment.yaml"
    path.write_text(
        textwrap.dedent(f"""\
            imports:
              - m531x.labgrid
            targets:
              main:
                resources:
                  RawSerialPort:
                    port: {link}
                drivers:
                  BenchPower: {{}}
                  M531xDriver:
                    open_timeout: 0.5
                  M531xStrategy:
                    connect:
                      host: broker.example
                      username: meter
                    password_variable: METER_PASSWORD
            """)
    )
    environment = labgrid.Environment(str(path))
    target = environment.get_target()
    power = target.get_driver("BenchPower", activate=False)
    power.link = str(link)
    yield target
    environment.cleanup()
    power.close()


def _parts(target: Any) -> tuple[Any, Any]:
    return target.get_driver("M531xStrategy"), target.get_driver("BenchPower", activate=False)


def test_a_module_that_answers_is_not_switched_off(target: Any) -> None:
    strategy, power = _parts(target)
    power._start()
    strategy.transition("answering")
    assert power.calls == ["on"]


def test_a_module_that_fails_to_answer_twice_is_switched_off_and_on(target: Any) -> None:
    strategy, power = _parts(target)
    power.hang()
    strategy.transition("answering")
    assert power.calls == ["on", "cycle"]
    strategy.transition("off")
    assert power.calls == ["on", "cycle", "off"]
    strategy.transition("answering")
    assert power.calls == ["on", "cycle", "off", "on"]


def test_a_module_that_stays_silent_is_an_error(target: Any) -> None:
    strategy, power = _parts(target)
    power.mends = False
    power.hang()
    with pytest.raises(StrategyError, match="main is not answering: "):
        strategy.transition("answering")
    assert power.calls == ["on", "cycle"]
    assert strategy.status.name == "unknown"
    power.mends = True
    strategy.transition("registered")
    assert power.calls == ["on", "cycle", "on", "cycle"]


def test_reset_with_a_power_driver_switches_it(target: Any) -> None:
    strategy, power = _parts(target)
    power._start()
    strategy.transition("answering")
    strategy.modem.reset()
    assert power.calls == ["on", "cycle"]
    assert strategy.modem.modem.command("AT") == []


def test_dtr_and_rts_are_set_where_there_are_such_lines(
    target: Any, caplog: pytest.LogCaptureFixture
) -> None:
    strategy, power = _parts(target)
    power._start()
    strategy.modem.dtr, strategy.modem.rts = True, False
    strategy.transition("answering")
    # A pseudo-terminal has none, and the modem says so.
    assert "dtr and rts have no effect" in caplog.text


def test_the_password_comes_from_the_environment_only(
    target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy, power = _parts(target)
    power._start()
    monkeypatch.delenv("METER_PASSWORD", raising=False)
    with pytest.raises(StrategyError, match="set the environment variable METER_PASSWORD"):
        strategy.transition("connected")
    monkeypatch.setenv("METER_PASSWORD", "ge" + "heim")
    strategy.transition("connected")
    assert strategy.modem.modem.config().username == "meter"
    assert "geheim" not in repr(strategy)


def test_a_port_that_is_open_elsewhere_is_no_reason_to_switch_off(target: Any) -> None:
    strategy, power = _parts(target)
    power._start()
    with m531x.Modem(power.link), pytest.raises(StrategyError, match="in use"):
        strategy.transition("answering")
    assert power.calls == ["on"]


def test_an_unknown_state_is_refused(target: Any) -> None:
    strategy, _ = _parts(target)
    with pytest.raises(StrategyError, match="give one of off, answering, registered, connected"):
        strategy.transition("on")


def test_m531x_does_not_import_labgrid() -> None:
    import subprocess
    import sys

    code = "import sys, m531x, m531x.aio; sys.exit('labgrid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
