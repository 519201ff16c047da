"""China Mobile's M5310-A, M5311, M5312 and M5313 modules as MQTT clients, with a virtual modem.

Example:
    >>> import m531x
    >>> with m531x.Modem("virtual://") as modem:  # or "/dev/ttyUSB0", "COM5"
    ...     modem.connect("broker.example", client_id="meter-17")
    ...     modem.publish("meter/17/count", "42", qos=1).qos
    1
"""

from __future__ import annotations

from m531x._delivery import Delivery
from m531x._errors import (
    ArgumentTypeError,
    BusyError,
    ClosedError,
    CommandError,
    ConnectError,
    ErrorCode,
    InternalError,
    InvalidArgumentError,
    M531xError,
    ModemRebootedError,
    ModemTimeoutError,
    NotConnectedError,
    OperationCancelledError,
    OutboxError,
    OutboxFullError,
    PortError,
    PublishError,
    QueueFullError,
    RecordingError,
    RepeatedLossError,
    ResultUnknownError,
    SubscribeError,
    UnsupportedModelError,
)
from m531x._modem import Modem
from m531x._native import Message, __version__
from m531x._outbox import Outbox, OutboxStats, StoredMessage
from m531x._ports import ports
from m531x._subscription import Subscription
from m531x._trace import Trace, TraceEntry
from m531x._types import (
    Event,
    EventKind,
    HealthCheck,
    ModemInfo,
    MqttConfig,
    MqttState,
    PortInfo,
    Receipt,
    Recovery,
    Signal,
    Stats,
    TranscriptEntry,
    Will,
)
from m531x._virtual_modem import VirtualModem
from m531x.doctor import Diagnosis, Finding, diagnose
from m531x.recording import Recording, RecordingStats, ReplayItem, replay

__all__ = [
    "ArgumentTypeError",
    "BusyError",
    "ClosedError",
    "CommandError",
    "ConnectError",
    "Delivery",
    "Diagnosis",
    "ErrorCode",
    "Event",
    "EventKind",
    "Finding",
    "HealthCheck",
    "InternalError",
    "InvalidArgumentError",
    "M531xError",
    "Message",
    "Modem",
    "ModemInfo",
    "ModemRebootedError",
    "ModemTimeoutError",
    "MqttConfig",
    "MqttState",
    "NotConnectedError",
    "OperationCancelledError",
    "Outbox",
    "OutboxError",
    "OutboxFullError",
    "OutboxStats",
    "PortError",
    "PortInfo",
    "PublishError",
    "QueueFullError",
    "Receipt",
    "Recording",
    "RecordingError",
    "RecordingStats",
    "Recovery",
    "RepeatedLossError",
    "ReplayItem",
    "ResultUnknownError",
    "Signal",
    "Stats",
    "StoredMessage",
    "SubscribeError",
    "Subscription",
    "Trace",
    "TraceEntry",
    "TranscriptEntry",
    "UnsupportedModelError",
    "VirtualModem",
    "Will",
    "__version__",
    "diagnose",
    "ports",
    "replay",
]
