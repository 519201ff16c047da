"""`m531x.doctor.diagnose` and `Modem.diagnose`."""

from __future__ import annotations

import pytest

import m531x
from m531x import doctor


@pytest.mark.parametrize(
    ("fault", "step", "text"),
    [
        ("sim=absent", "SIM", "no SIM card"),
        ("sim=pin", "SIM", "SIM PIN"),
        ("registration=3", "registration", "the network refuses it"),
    ],
)
def test_the_first_failure_comes_with_its_remedy(fault: str, step: str, text: str) -> None:
    with m531x.VirtualModem("M5311", faults=[fault]) as virtual:
        diagnosis = doctor.diagnose(virtual.port, model="M5311")
        with m531x.Modem(virtual.port, model="M5311") as modem:
            open_diagnosis = modem.diagnose()
    failure = diagnosis.failure
    assert failure is not None
    assert not diagnosis.healthy
    assert (failure.step, text in failure.text) == (step, True)
    assert failure.remedy
    assert failure.remedy in str(diagnosis)
    assert diagnosis.findings[-1].verdict == "skipped"
    assert open_diagnosis.failure == failure


def test_a_healthy_module_and_a_broker() -> None:
    with m531x.VirtualModem("M5311") as virtual:
        host, _, port = virtual.broker.rpartition(":")
        diagnosis = doctor.diagnose(
            virtual.port, model="M5311", broker=host, broker_port=int(port), client_id="doctor"
        )
    assert diagnosis.healthy, str(diagnosis)
    assert [finding.step for finding in diagnosis.findings][-1] == "broker"
    assert all(finding.verdict == "ok" for finding in diagnosis.findings)


def test_a_missing_port_is_a_finding_and_a_wrong_argument_an_error() -> None:
    failure = doctor.diagnose("/dev/no-such-port").failure
    assert failure is not None
    assert failure.step == "port"
    with pytest.raises(m531x.InvalidArgumentError):
        doctor.diagnose("/dev/no-such-port", model="X")
