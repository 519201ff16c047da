"""Numbers and small values by the names that paho has for them."""

from __future__ import annotations

import enum
import logging
import time
from typing import Any, Final, NamedTuple

from m531x._half_built import shows_half_built
from m531x._native import Message

__all__ = [
    "LOGGING_LEVEL",
    "CallbackAPIVersion",
    "ConnectFlags",
    "DisconnectFlags",
    "MQTTErrorCode",
    "MQTTMessage",
    "MQTTProtocolVersion",
    "Properties",
    "ReasonCode",
    "connack_string",
    "error_string",
]


class CallbackAPIVersion(enum.Enum):
    """Which arguments callbacks take; `Client` knows those of version 2 only."""

    VERSION1 = 1
    """The callbacks of paho 1."""
    VERSION2 = 2
    """The callbacks of paho 2."""


class MQTTProtocolVersion(enum.IntEnum):
    """The version of MQTT; the module speaks 3.1.1."""

    MQTTv31 = 3
    """MQTT 3.1."""
    MQTTv311 = 4
    """MQTT 3.1.1."""
    MQTTv5 = 5
    """MQTT 5."""


MQTTv31: Final = MQTTProtocolVersion.MQTTv31
MQTTv311: Final = MQTTProtocolVersion.MQTTv311
MQTTv5: Final = MQTTProtocolVersion.MQTTv5
MQTT_CLEAN_START_FIRST_ONLY: Final = 3


class MQTTErrorCode(enum.IntEnum):
    """What a method of `Client` returns."""

    MQTT_ERR_AGAIN = -1
    """Not ready yet."""
    MQTT_ERR_SUCCESS = 0
    """Done, or under way."""
    MQTT_ERR_NOMEM = 1
    """Out of memory."""
    MQTT_ERR_PROTOCOL = 2
    """The broker broke the protocol; the module reports no such thing."""
    MQTT_ERR_INVAL = 3
    """Not possible in this state."""
    MQTT_ERR_NO_CONN = 4
    """There is no connection."""
    MQTT_ERR_CONN_REFUSED = 5
    """The broker refused the connection."""
    MQTT_ERR_NOT_FOUND = 6
    """Not found."""
    MQTT_ERR_CONN_LOST = 7
    """The connection was lost."""
    MQTT_ERR_TLS = 8
    """TLS failed; the module reports no such thing."""
    MQTT_ERR_PAYLOAD_SIZE = 9
    """The payload is too large for the module."""
    MQTT_ERR_NOT_SUPPORTED = 10
    """The module cannot do this."""
    MQTT_ERR_AUTH = 11
    """The login failed; the module reports MQTT_ERR_CONN_REFUSED."""
    MQTT_ERR_ACL_DENIED = 12
    """Not permitted; the module reports no such thing."""
    MQTT_ERR_UNKNOWN = 13
    """Failed for another reason."""
    MQTT_ERR_ERRNO = 14
    """A system call failed; here an exception says so."""
    MQTT_ERR_QUEUE_SIZE = 15
    """Too many publishes wait."""
    MQTT_ERR_KEEPALIVE = 16
    """The broker was silent too long; the module reports MQTT_ERR_CONN_LOST."""


MQTT_ERR_AGAIN: Final = MQTTErrorCode.MQTT_ERR_AGAIN
MQTT_ERR_SUCCESS: Final = MQTTErrorCode.MQTT_ERR_SUCCESS
MQTT_ERR_NOMEM: Final = MQTTErrorCode.MQTT_ERR_NOMEM
MQTT_ERR_PROTOCOL: Final = MQTTErrorCode.MQTT_ERR_PROTOCOL
MQTT_ERR_INVAL: Final = MQTTErrorCode.MQTT_ERR_INVAL
MQTT_ERR_NO_CONN: Final = MQTTErrorCode.MQTT_ERR_NO_CONN
MQTT_ERR_CONN_REFUSED: Final = MQTTErrorCode.MQTT_ERR_CONN_REFUSED
MQTT_ERR_NOT_FOUND: Final = MQTTErrorCode.MQTT_ERR_NOT_FOUND
MQTT_ERR_CONN_LOST: Final = MQTTErrorCode.MQTT_ERR_CONN_LOST
MQTT_ERR_TLS: Final = MQTTErrorCode.MQTT_ERR_TLS
MQTT_ERR_PAYLOAD_SIZE: Final = MQTTErrorCode.MQTT_ERR_PAYLOAD_SIZE
MQTT_ERR_NOT_SUPPORTED: Final = MQTTErrorCode.MQTT_ERR_NOT_SUPPORTED
MQTT_ERR_AUTH: Final = MQTTErrorCode.MQTT_ERR_AUTH
MQTT_ERR_ACL_DENIED: Final = MQTTErrorCode.MQTT_ERR_ACL_DENIED
MQTT_ERR_UNKNOWN: Final = MQTTErrorCode.MQTT_ERR_UNKNOWN
MQTT_ERR_ERRNO: Final = MQTTErrorCode.MQTT_ERR_ERRNO
MQTT_ERR_QUEUE_SIZE: Final = MQTTErrorCode.MQTT_ERR_QUEUE_SIZE
MQTT_ERR_KEEPALIVE: Final = MQTTErrorCode.MQTT_ERR_KEEPALIVE

CONNACK_ACCEPTED: Final = 0
CONNACK_REFUSED_PROTOCOL_VERSION: Final = 1
CONNACK_REFUSED_IDENTIFIER_REJECTED: Final = 2
CONNACK_REFUSED_SERVER_UNAVAILABLE: Final = 3
CONNACK_REFUSED_BAD_USERNAME_PASSWORD: Final = 4
CONNACK_REFUSED_NOT_AUTHORIZED: Final = 5

MQTT_LOG_INFO: Final = 0x01
MQTT_LOG_NOTICE: Final = 0x02
MQTT_LOG_WARNING: Final = 0x04
MQTT_LOG_ERR: Final = 0x08
MQTT_LOG_DEBUG: Final = 0x10
LOGGING_LEVEL: Final = {
    MQTT_LOG_DEBUG: logging.DEBUG,
    MQTT_LOG_INFO: logging.INFO,
    MQTT_LOG_NOTICE: logging.INFO,
    MQTT_LOG_WARNING: logging.WARNING,
    MQTT_LOG_ERR: logging.ERROR,
}

_ERRORS: Final[dict[int, str]] = {
    MQTT_ERR_SUCCESS: "no error",
    MQTT_ERR_NOMEM: "out of memory",
    MQTT_ERR_INVAL: "not possible in this state",
    MQTT_ERR_NO_CONN: "the client is not connected",
    MQTT_ERR_CONN_REFUSED: "the broker refused the connection",
    MQTT_ERR_NOT_FOUND: "not found",
    MQTT_ERR_CONN_LOST: "the connection was lost",
    MQTT_ERR_PAYLOAD_SIZE: "the payload is too large",
    MQTT_ERR_NOT_SUPPORTED: "the module cannot do this",
    MQTT_ERR_QUEUE_SIZE: "too many publishes wait",
}

# The return codes of CONNACK (MQTT 3.1.1, table 3.1) as the reason codes of MQTT 5 that paho shows.
_CONNACK: Final = {
    0: (0, "Success"),
    1: (132, "Unsupported protocol version"),
    2: (133, "Client identifier not valid"),
    3: (136, "Server unavailable"),
    4: (134, "Bad user name or password"),
    5: (135, "Not authorized"),
}
_UNSPECIFIED: Final = (128, "Unspecified error")


def error_string(mqtt_errno: int) -> str:
    """The meaning of an `MQTTErrorCode`, for people."""
    return _ERRORS.get(mqtt_errno, "unknown error")


def connack_string(connack_code: int | ReasonCode) -> str:
    """The meaning of the return code of a broker's CONNACK, for people."""
    if isinstance(connack_code, ReasonCode):
        return str(connack_code)
    return _CONNACK.get(connack_code, _UNSPECIFIED)[1]


@shows_half_built
class ReasonCode:
    """A result as callbacks get it: it prints as words and equals its number and its words.

    Attributes:
        value: The number; 128 and more are failures.
    """

    def __init__(self, packet: str, value: int, name: str) -> None:
        """`Client` makes it."""
        self.value: int = value
        self._packet = packet
        self._name = name

    @classmethod
    def of_connack(cls, return_code: int) -> ReasonCode:
        """That of a CONNACK."""
        return cls("Connack", *_CONNACK.get(return_code, _UNSPECIFIED))

    @classmethod
    def of_suback(cls, granted: int | None) -> ReasonCode:
        """That of a SUBACK; None is a refusal."""
        if granted is None:
            return cls("Suback", *_UNSPECIFIED)
        return cls("Suback", granted, f"Granted QoS {granted}")

    @classmethod
    def of_puback(cls) -> ReasonCode:
        """That of a publish that is done."""
        return cls("Puback", 0, "Success")

    @classmethod
    def of_disconnect(cls, wanted: bool) -> ReasonCode:
        """That of the end of a connection."""
        return cls("Disconnect", *((0, "Normal disconnection") if wanted else _UNSPECIFIED))

    @property
    def is_failure(self) -> bool:
        """Whether it is a failure."""
        return self.value >= 128

    def getName(self) -> str:  # noqa: N802 - paho's name
        """Its words."""
        return self._name

    def __str__(self) -> str:
        """Its words."""
        return self._name

    def __repr__(self) -> str:
        """The packet and the words."""
        return f"ReasonCode({self._packet}, {self._name!r})"

    def __eq__(self, other: object) -> bool:
        """Whether it is this number, these words, or the same reason."""
        if isinstance(other, ReasonCode):
            return self.value == other.value
        if isinstance(other, str):
            return self._name == other
        if isinstance(other, int):
            return self.value == other
        return NotImplemented

    def __hash__(self) -> int:
        """That of its number."""
        return hash(self.value)


class Properties:
    """The properties of MQTT 5, of which MQTT 3.1.1 has none."""

    def isEmpty(self) -> bool:  # noqa: N802 - paho's name
        """True."""
        return True

    def json(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def __str__(self) -> str:
        """An empty list, as paho prints it."""
        return "[]"


class ConnectFlags(NamedTuple):
    """What a CONNACK says beside its result."""

    session_present: bool
    """Whether the broker kept a session; False as well if the module does not report it."""


class DisconnectFlags(NamedTuple):
    """Who ended a connection."""

    is_disconnect_packet_from_server: bool
    """False: MQTT 3.1.1 has no such packet."""


@shows_half_built
class MQTTMessage:
    """A message as ``on_message`` gets it.

    Attributes:
        topic: The topic.
        payload: The payload.
        qos: 0, 1 or 2.
        retain: Whether the broker had kept it.
        dup: Whether it may be a copy.
        mid: The packet id; 0 for QoS 0.
        timestamp: When it arrived, as `time.monotonic`.
        properties: None; MQTT 5 has some.
    """

    __slots__ = ("dup", "mid", "payload", "properties", "qos", "retain", "timestamp", "topic")

    def __init__(self, message: Message) -> None:
        """`Client` makes it."""
        self.topic: str = message.topic
        self.payload: bytes = message.payload
        self.qos: int = message.qos
        self.retain: bool = message.retain
        self.dup: bool = message.dup
        self.mid: int = message.packet_id
        self.timestamp: float = time.monotonic()
        self.properties: None = None

    def __repr__(self) -> str:
        """Topic and payload."""
        return f"<m531x.paho.MQTTMessage {self.topic!r} {self.payload!r} qos={self.qos}>"
