"""China Mobile's M5310-A, M5311, M5312 and M5313 modules as MQTT clients, with a virtual modem.

Examples:
    >>> import m531x
    >>> with m531x.Modem("virtual://") as modem:  # or "/dev/ttyUSB0", "COM5"
    ...     _ = modem.connect("broker.example", client_id="meter-17")
    ...     modem.publish("meter/17/count", "42", qos=1).qos
    1

The classes of results are in `m531x.doctor` (reports of a modem about itself) and `m531x.recording`
(traffic on the line). Apart from these, `m531x.aio`, `m531x.clouds`, `m531x.labgrid`,
`m531x.paho` and `m531x.plot`, all modules are private.
"""

from __future__ import annotations

import m531x._main_interpreter  # noqa: F401  # pyright: ignore[reportUnusedImport] - ahead of the native module
from m531x._constants import EventKind, MqttState
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
from m531x._frames import to_pandas
from m531x._live import live
from m531x._modem import Modem
from m531x._native import Message, __version__, topic_matches
from m531x._outbox import Outbox
from m531x._pending import Pending
from m531x._ports import ports
from m531x._subscription import Subscription
from m531x._types import Event, HealthCheck, Receipt, Recovery, Session, Will
from m531x._virtual_modem import VirtualModem

__all__ = [
    "ArgumentTypeError",
    "BusyError",
    "ClosedError",
    "CommandError",
    "ConnectError",
    "Delivery",
    "ErrorCode",
    "Event",
    "EventKind",
    "HealthCheck",
    "InternalError",
    "InvalidArgumentError",
    "M531xError",
    "Message",
    "Modem",
    "ModemRebootedError",
    "ModemTimeoutError",
    "MqttState",
    "NotConnectedError",
    "OperationCancelledError",
    "Outbox",
    "OutboxError",
    "OutboxFullError",
    "Pending",
    "PortError",
    "PublishError",
    "QueueFullError",
    "Receipt",
    "RecordingError",
    "Recovery",
    "RepeatedLossError",
    "ResultUnknownError",
    "Session",
    "SubscribeError",
    "Subscription",
    "UnsupportedModelError",
    "VirtualModem",
    "Will",
    "__version__",
    "live",
    "ports",
    "to_pandas",
    "topic_matches",
]


def __getattr__(name: str) -> object:
    """Imports a public module at its first use: some need others that take time to import."""
    # Statements, not import_module: type checkers read them too.
    if name == "aio":
        import m531x.aio

        return m531x.aio
    if name == "clouds":
        import m531x.clouds

        return m531x.clouds
    if name == "paho":
        import m531x.paho

        return m531x.paho
    if name == "plot":
        import m531x.plot

        return m531x.plot
    raise AttributeError(f"module 'm531x' has no attribute {name!r}")


for _name in __all__:
    # Tracebacks show where a program finds an error, and not where it is defined.
    if isinstance(globals()[_name], type) and issubclass(globals()[_name], BaseException):
        globals()[_name].__module__ = __name__
