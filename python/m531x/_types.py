"""Values that a modem takes, and values that arrive from it."""

from __future__ import annotations

from dataclasses import dataclass

from m531x._constants import EventKind
from m531x._html import clock, table
from m531x._native import payload_bytes
from m531x._payload import Payload

__all__ = [
    "Event",
    "HealthCheck",
    "Receipt",
    "Recovery",
    "Session",
    "Will",
]


@dataclass(frozen=True)
class Event:
    """An event other than a message.

    Attributes:
        kind: The kind.
        value: A number whose meaning depends on the kind; 0 if it has none.
        text: The module's line or the cause, for people.
        timestamp: When it happened, in seconds since 1970 (as `time.time`).
    """

    kind: EventKind
    value: int
    text: str
    timestamp: float

    def _repr_html_(self) -> str:
        return table("Event", (vars(self) | {"timestamp": clock(self.timestamp)}).items())


@dataclass(frozen=True)
class Session:
    """A connection that the broker has accepted.

    Attributes:
        session_present: Whether the broker had kept the client's session, with its subscriptions
            and messages: False with ``clean_session=True``, and None if the module does not report
            it.
    """

    session_present: bool | None


@dataclass(frozen=True)
class Receipt:
    """Proof of a completed publish.

    Attributes:
        packet_id: The packet id that the module used; None for QoS 0.
        qos: The quality of service.
        elapsed: Seconds from the request to the completion.
    """

    packet_id: int | None
    qos: int
    elapsed: float

    def _repr_html_(self) -> str:
        return table("Receipt", (vars(self) | {"elapsed": f"{self.elapsed:.3f} s"}).items())


@dataclass(frozen=True)
class HealthCheck:
    """Periodic checks whether a connection that appears to be up still works.

    A check publishes a few bytes to a topic that it has subscribed to, and expects them back.
    Several misses in a row end the connection, and recovery restores it. Messages of checks are
    never delivered, and their subscription is not listed. Each check costs about 150 bytes in each
    direction.

    Attributes:
        period: Seconds from one check to the next, and from a connect to the first; 1 to 86400.
        topic: The topic; None is ``m531x/health/`` and the client id. The broker must allow both
            directions.
        timeout: Seconds that the message may take to come back; 1 to 86400.
        misses: The number of misses in a row that end the connection. They do so only if a check
            has come back at least once: a broker may not allow the topic.
        loop_back: If False, a check only asks the module for its state, which costs no data: it
            finds a module that has restarted, disconnected or fallen silent without notice, but not
            one that takes a dead connection for a live one.

    Examples:
        >>> HealthCheck(900)
        HealthCheck(period=900, topic=None, timeout=30.0, misses=2, loop_back=True)
    """

    period: float
    topic: str | None = None
    timeout: float = 30.0
    misses: int = 2
    loop_back: bool = True


@dataclass(frozen=True)
class Recovery:
    """Whether and how the modem restores a lost connection or a vanished port.

    Attributes:
        enabled: If False, a lost connection is reported and stays lost.
        initial_delay: Seconds from the loss to the first attempt; then twice as long each time.
        max_delay: The longest pause between two attempts, in seconds.
        jitter: The fraction by which a delay may be longer or shorter, 0 to 1.
        max_attempts: The number of attempts in a row that may fail; None never gives up.
        health_check: How to check a connection that appears to be up; by default the modem asks the
            module every 15 minutes. None relies on the module's keep-alive.
        loss_budget: The number of connections that may be lost while one operation is in flight;
            then it fails with RepeatedLossError and the others go on. 1 or more.

    Examples:
        >>> Recovery(max_delay=600).max_delay
        600
    """

    enabled: bool = True
    initial_delay: float = 1.0
    max_delay: float = 60.0
    jitter: float = 0.2
    max_attempts: int | None = None
    health_check: HealthCheck | None = HealthCheck(900, loop_back=False)
    loss_budget: int = 3


@dataclass(frozen=True, init=False)
class Will:
    """The message that the broker publishes when the client's connection is lost.

    Attributes:
        topic: The topic.
        payload: Printable text only; the module accepts nothing else.
        qos: 0, 1 or 2.
        retain: Whether the broker keeps it for later subscribers.

    Examples:
        >>> Will("meter/17/state", "lost", qos=1)
        Will(topic='meter/17/state', payload=b'lost', qos=1, retain=False)
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool

    def __init__(self, topic: str, payload: Payload, qos: int = 0, retain: bool = False) -> None:
        """Takes the payload as text or bytes and keeps its bytes."""
        object.__setattr__(self, "topic", topic)
        object.__setattr__(self, "payload", payload_bytes(payload))
        object.__setattr__(self, "qos", qos)
        object.__setattr__(self, "retain", retain)
