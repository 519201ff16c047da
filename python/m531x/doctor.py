"""Diagnoses, and the reports of a modem about itself.

`diagnose` and `Modem.diagnose` find out why a modem does not work. The other classes are results of
`Modem.info`, `Modem.config`, `Modem.signal`, `Modem.stats`, `m531x.ports` and `Outbox.messages`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Literal, cast

from m531x import _native
from m531x._html import columns, table
from m531x._outbox import OutboxStats, StoredMessage
from m531x._ports import PortInfo, path_text
from m531x._secret import Hidden

__all__ = [
    "Diagnosis",
    "Finding",
    "ModemInfo",
    "MqttConfig",
    "OutboxStats",
    "PortInfo",
    "Signal",
    "Stats",
    "StoredMessage",
    "diagnose",
]

CheckResult = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Finding:
    """The result of one step.

    Attributes:
        step: ``"port"``, ``"answer"``, ``"model"``, ``"firmware"``, ``"radio"``, ``"SIM"``,
            ``"signal"``, ``"registration"``, ``"attachment"``, ``"address"``, ``"MQTT"`` or
            ``"broker"``.
        verdict: The result; steps after a failure are skipped.
        text: The observation.
        remedy: The remedy; None if none is needed.
    """

    step: str
    verdict: CheckResult
    text: str
    remedy: str | None

    def __str__(self) -> str:
        """Two lines at most."""
        first = f"{self.step:12} {self.verdict:7} {self.text}"
        return first if self.remedy is None else f"{first}\n{'':20} -> {self.remedy}"


@dataclass(frozen=True)
class Diagnosis:
    """The findings, step by step.

    Attributes:
        findings: One for each step, in order.
    """

    findings: tuple[Finding, ...]

    @classmethod
    def _of(cls, findings: list[tuple[str, str, str, str | None]]) -> Diagnosis:
        """The findings of the native module."""
        return cls(
            tuple(
                Finding(step, cast("CheckResult", verdict), text, remedy)
                for step, verdict, text, remedy in findings
            )
        )

    @property
    def failure(self) -> Finding | None:
        """The step that failed, or None."""
        failed = (finding for finding in self.findings if finding.verdict == "failed")
        return next(failed, None)

    @property
    def healthy(self) -> bool:
        """Whether no step has failed; there may be warnings."""
        return self.failure is None

    def __str__(self) -> str:
        """All findings."""
        return "\n".join(map(str, self.findings))

    def _repr_html_(self) -> str:
        names = ("step", "verdict", "text", "remedy")
        rows = [[getattr(finding, name) for name in names] for finding in self.findings]
        return columns("Diagnosis", names, rows)


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
    """Checks a port and the module behind it, and gives the remedy for the first failure.

    It opens the port and closes it again; for an open `Modem` there is `Modem.diagnose`. It tries
    several speeds, and may take half a minute if nothing answers.

    Args:
        port: As for `Modem`, but for ``"virtual://"``.
        model: As for `Modem`.
        baudrate: As for `Modem`; if nothing answers at this speed, others are tried.
        broker: A broker to connect to, for one message there and back; None for no such test.
        broker_port: Its TCP port.
        client_id: The MQTT client identifier; None makes one from the process id.
        username: The user name, if the broker wants one.
        password: The password; it appears in no text.
        tls: Whether the module encrypts.

    Raises:
        InvalidArgumentError: An argument is refused.

    Examples:
        >>> import m531x
        >>> from m531x import doctor
        >>> with m531x.VirtualModem(faults=["sim=absent"]) as virtual:
        ...     failure = doctor.diagnose(virtual.port, model="M5310-A").failure
        >>> print(failure.step, "-", failure.text)
        SIM - no SIM card (+CME ERROR: 10)
    """
    hidden, password = Hidden(password), None
    name = path_text("port", port)
    options = _native.ModemOptions.for_diagnosis(model, baudrate)
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
    return Diagnosis._of(_native.diagnose(name, options, connect))


@dataclass(frozen=True)
class ModemInfo:
    """The identity that the module reports; a missing item is None.

    Attributes:
        model: The model, if it is one that this package knows, such as ``"M5310-A"``.
        model_text: The model as the module names it.
        firmware: The firmware version.
        imei: The identity of the equipment.
        imsi: The identity of the subscriber.
        iccid: The number of the SIM card.
    """

    model: str | None
    model_text: str
    firmware: str | None
    imei: str | None
    imsi: str | None
    iccid: str | None

    def _repr_html_(self) -> str:
        return table("ModemInfo", vars(self).items())


@dataclass(frozen=True)
class Signal:
    """The quality of the radio signal (``AT+CSQ``, 3GPP TS 27.007).

    Attributes:
        rssi_dbm: Received signal strength, -113 to -51 dBm; None when not known.
        ber: Class of the bit error rate, 0 to 7; None when not known.
        raw: The two numbers as the module reported them; 99 is "not known".
    """

    rssi_dbm: int | None
    ber: int | None
    raw: tuple[int, int]

    def _repr_html_(self) -> str:
        rssi = "unknown" if self.rssi_dbm is None else f"{self.rssi_dbm} dBm"
        return table("Signal", [("rssi", rssi), ("ber", self.ber), ("raw", self.raw)])


@dataclass(frozen=True)
class MqttConfig:
    """The configuration of the MQTT client that the module reports; None is unset or missing.

    Attributes:
        host: The broker.
        port: Its TCP port.
        client_id: The client id.
        keepalive: Keep-alive in seconds.
        username: The user name.
        password_set: Whether there is a password; the password itself is never read.
        clean_session: Whether the broker forgets the client's earlier session.
        tls: Whether the connection is encrypted.
    """

    host: str | None
    port: int | None
    client_id: str | None
    keepalive: int | None
    username: str | None
    password_set: bool
    clean_session: bool | None
    tls: bool | None

    def _repr_html_(self) -> str:
        return table("MqttConfig", vars(self).items())


@dataclass(frozen=True)
class Stats:
    """Counters of a modem since it was opened.

    Attributes:
        bytes_received: Bytes from the port.
        bytes_sent: Bytes to the port.
        lines: Lines received, messages not counted.
        commands: Commands sent, probes included.
        timeouts: Commands whose final result did not come in time.
        late_answers: Answers that came after their command had timed out.
        stray_results: Final results that no command was waiting for.
        unknown_lines: Unknown lines.
        messages: Messages received.
        truncated: Messages with fewer bytes than the module declared.
        ambiguous: Messages whose topic was not certain.
        oversize: Messages over the limit, skipped.
        reboots: Restarts of the module.
        published: Publishes completed.
        health_checks: Health checks begun.
        probes: Commands sent to resynchronise with the module.
        recoveries: Lost connections that were restored.
        recoveries_by_cause: The same by the first sign of the loss, such as ``"rebooted"``.
        queued: Messages that wait for callbacks or for ``messages()``.
        queued_events: Events that wait for callbacks.
        outbox: The counters of the outbox; None without one.
        dropped: Messages dropped because too many were waiting.
        dropped_events: Events dropped for the same reason; never one of the connection.
        callback_errors: Exceptions that callbacks raised.
    """

    bytes_received: int = 0
    bytes_sent: int = 0
    lines: int = 0
    commands: int = 0
    timeouts: int = 0
    late_answers: int = 0
    stray_results: int = 0
    unknown_lines: int = 0
    messages: int = 0
    truncated: int = 0
    ambiguous: int = 0
    oversize: int = 0
    reboots: int = 0
    published: int = 0
    health_checks: int = 0
    probes: int = 0
    recoveries: int = 0
    recoveries_by_cause: dict[str, int] = field(default_factory=dict)
    queued: int = 0
    queued_events: int = 0
    outbox: OutboxStats | None = None
    dropped: int = 0
    dropped_events: int = 0
    callback_errors: int = 0

    def _repr_html_(self) -> str:
        return table("Stats", vars(self).items())
