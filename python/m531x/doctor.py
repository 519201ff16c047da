"""Finding out why it does not work."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal, cast

from m531x import _native
from m531x._ports import port_name
from m531x._secret import Hidden

__all__ = ["Diagnosis", "Finding", "diagnose", "diagnosis_of"]

Verdict = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Finding:
    """What was found in one step.

    Attributes:
        step: ``"port"``, ``"answer"``, ``"model"``, ``"firmware"``, ``"radio"``, ``"SIM"``,
            ``"signal"``, ``"registration"``, ``"attachment"``, ``"address"``, ``"MQTT"`` or
            ``"broker"``.
        verdict: How it is; after a failure nothing more is looked at.
        text: What was found.
        remedy: What to do about it; None if it is well.
    """

    step: str
    verdict: Verdict
    text: str
    remedy: str | None

    def __str__(self) -> str:
        """Two lines at most."""
        first = f"{self.step:12} {self.verdict:7} {self.text}"
        return first if self.remedy is None else f"{first}\n{'':20} -> {self.remedy}"


@dataclass(frozen=True)
class Diagnosis:
    """What was found, step by step.

    Attributes:
        findings: One for each step, in order.
    """

    findings: tuple[Finding, ...]

    @property
    def failure(self) -> Finding | None:
        """What does not work; None if nothing is known to."""
        failed = (finding for finding in self.findings if finding.verdict == "failed")
        return next(failed, None)

    @property
    def healthy(self) -> bool:
        """Whether nothing has failed; there may be warnings."""
        return self.failure is None

    def __str__(self) -> str:
        """All findings."""
        return "\n".join(map(str, self.findings))


def diagnosis_of(findings: list[tuple[str, str, str, str | None]]) -> Diagnosis:
    """What the native module found."""
    return Diagnosis(
        tuple(
            Finding(step, cast("Verdict", how), text, remedy)
            for step, how, text, remedy in findings
        )
    )


def diagnose(
    port: str | os.PathLike[str],
    *,
    model: str = "auto",
    baudrate: int | None = None,
    broker: str | None = None,
    broker_port: int = 1883,
    client_id: str | None = None,
    username: str | None = None,
    password: str | None = None,
    tls: bool = False,
) -> Diagnosis:
    """Looks at a port and the module behind it, and says what to do at the first that is wrong.

    It opens the port and closes it again: a `Modem` that has it open is asked by its own
    `Modem.diagnose`. Several speeds are tried: half a minute may pass if nothing answers.

    Args:
        port: As for `Modem`, but for ``"virtual://"``.
        model: As for `Modem`.
        baudrate: As for `Modem`; other speeds are tried if nothing answers at this one.
        broker: A broker to connect to, for one message there and back; None tries none.
        broker_port: Its TCP port.
        client_id: The MQTT client identifier; None makes one of the process's number.
        username: The user name, if the broker wants one.
        password: The password; it appears in no text.
        tls: Whether the module encrypts.

    Raises:
        InvalidArgumentError: An argument is refused.

    Example:
        >>> import m531x
        >>> with m531x.VirtualModem(faults=["sim=absent"]) as virtual:
        ...     failure = m531x.diagnose(virtual.port, model="M5310-A").failure
        >>> print(failure.step, "-", failure.text)
        SIM - no SIM card (+CME ERROR: 10)
    """
    hidden, password = Hidden(password), None
    name = port_name(port)
    options = _native.ModemOptions(
        model, baudrate, 10.0, 10.0, None, 10_000, "drop_oldest", 10_000, 0, None, None, None
    )
    connect = None
    if broker is not None:
        connect = _native.ConnectOptions(
            broker,
            broker_port,
            f"m531x-doctor-{os.getpid()}" if client_id is None else client_id,
            username,
            hidden.reveal(),
            60,
            True,
            tls,
            None,
            10,
            None,
        )
    return diagnosis_of(_native.diagnose(name, options, connect))
