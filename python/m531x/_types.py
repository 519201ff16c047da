"""The values that a modem takes, and what arrives from it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from m531x._native import payload_bytes

__all__ = [
    "Event",
    "EventKind",
    "HealthCheck",
    "MqttState",
    "Payload",
    "Receipt",
    "Recovery",
    "Will",
]

Payload = str | bytes | bytearray | memoryview
"""What can be published: bytes as they are, text as UTF-8."""


class _Named(enum.IntEnum):
    """Numbers that show themselves in words."""

    def __str__(self) -> str:
        """The name in words, such as ``module reconnecting``."""
        return self.name.lower().replace("_", " ")


class MqttState(_Named):
    """The state of the MQTT connection, the same numbers as in C and Rust."""

    OFF = 0
    """No client is configured, or nothing is known yet."""
    CONFIGURED = 1
    """A client is configured and not connected."""
    CONNECTING = 2
    """The connection is being made."""
    CONNECTED = 3
    """The broker has accepted the connection."""
    MODULE_RECONNECTING = 4
    """The connection broke and the module tries to make it again by itself."""
    LOST = 5
    """The connection is gone and nobody is making it again."""


class EventKind(_Named):
    """What an `Event` tells, the same numbers as in C and Rust."""

    CONNECTED = 1
    """The MQTT connection is up."""
    DISCONNECTED = 2
    """The MQTT connection is gone; the text is the cause."""
    STATE_CHANGED = 3
    """The value is the new `MqttState`, the text the cause."""
    URC = 4
    """A line of the module that belongs to no operation."""
    UNKNOWN_LINE = 5
    """A line that nobody knows."""
    LATE_ANSWER = 6
    """The answer to a command that had timed out."""
    STRAY_RESULT = 7
    """A final result while no command was waiting."""
    DROPPED = 8
    """The queue was full; the value is how many entries were dropped since the last such event."""
    OVERSIZE = 9
    """A message over the limit was skipped; the value is its length, the text its topic."""
    AMBIGUOUS = 10
    """Lines that may be part of a message were kept from completing a command."""
    LINE_TOO_LONG = 11
    """A line over the limit was skipped; the value is its length in bytes."""
    REBOOTED = 12
    """The module restarted."""
    PORT_LOST = 13
    """The port is gone; the text is the cause."""
    RESUBSCRIBED = 14
    """A subscription was made again; the text is the filter, the value the granted QoS.

    -1: it was refused, or not answered while recovery is off, and has ended. -2: nobody answered
    on two connections in a row, or the module refuses it for now; it is kept and asked for on each
    that follows. -3: as many connections were lost while it was asked for as
    `Recovery.loss_budget` allows; it has ended.
    """
    RECOVERING = 15
    """The connection is being made again; the value counts the attempts, the text tells why."""
    RECOVERY_FAILED = 16
    """The connection will not be made again; the value is the number of attempts."""
    PORT_BACK = 17
    """The port that was gone is back; the text is its name."""
    OUTBOX_DROPPED = 18
    """The outbox was full; the value is how many of its oldest messages were dropped."""
    OUTBOX_SET_ASIDE = 19
    """A message of the outbox was refused for good and is set aside; the text is the reason."""
    OUTBOX_FAILED = 20
    """The outbox's file could not be read or written; it is tried again."""
    RECORDING_STOPPED = 21
    """The recording has ended before its time; the text is why."""
    HEALTH_CHECK = 22
    """A health check has missed; the value counts the misses in a row, or is -1 if the broker
    does not allow it."""
    PASSWORD_WANTED = 23
    """The password function is asked for another one; the text names the broker."""
    LOGIN_REFUSED = 24
    """The broker refused what the password function gave, and then the next.

    The value is its return code, 4 or 5, or -1 if the function gave none. The connection is made
    again only after five times `Recovery.max_delay`.
    """


@dataclass(frozen=True)
class Event:
    """Something that happened and is not a message.

    Attributes:
        kind: What happened.
        value: A number whose meaning the kind tells; 0 where it has none.
        text: The module's line or the cause, for people.
        timestamp: When it happened, in seconds since 1970 (as `time.time`).
    """

    kind: EventKind
    value: int
    text: str
    timestamp: float


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


@dataclass(frozen=True)
class HealthCheck:
    """Looking again and again whether a connection that seems to be there is of any use.

    A check publishes a few bytes to a topic that it has subscribed to and expects them back. So
    many misses in a row end the connection, and it is made again. Nothing of a check is delivered,
    and its subscription is not listed. Each costs about 150 bytes in either direction.

    Attributes:
        period: Seconds from one check to the next, and from a connect to the first; 1 to 86400.
        topic: Where to; None is ``m531x/health/`` and the client id. The broker has to allow both
            directions.
        timeout: Seconds that the message may take to come back; 1 to 86400.
        misses: How many misses in a row end the connection. They do so only if a check has come
            back at least once: a broker may not allow the topic.
        loop_back: Off, the module is only asked for its state, which costs no data: that finds a
            module that has restarted, hung up or fallen silent without a word, not one that
            believes in a dead connection.

    Example:
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
    """Whether and how a lost connection, or a port that vanished, is made again.

    Attributes:
        enabled: Off, a lost connection stays lost and is only told.
        initial_delay: Seconds from the loss to the first attempt; then twice as long each time.
        max_delay: The longest pause between two attempts, in seconds.
        jitter: By which part a delay may be longer or shorter, 0 to 1.
        max_attempts: How many attempts in a row may fail; None never gives up.
        health_check: How a connection that looks alive is checked; by default the module is asked
            every 15 minutes. None leaves it to the module's keep-alive.
        loss_budget: On how many connections one operation may be in flight when they are lost; then
            it fails with RepeatedLossError and the others go on. 1 or more.

    Example:
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
    """What the broker publishes for the client when its connection is lost.

    Attributes:
        topic: Where to.
        payload: Printable text only: the module has no other form for it.
        qos: 0, 1 or 2.
        retain: Whether the broker keeps it for later subscribers.

    Example:
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
