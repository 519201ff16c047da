"""The settings and callbacks of a `Client`, and what it refuses."""

from __future__ import annotations

import logging
import os
import ssl
import threading
import uuid
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeVar, cast

from m531x import _native
from m531x._callbacks import check_callback
from m531x._errors import InvalidArgumentError
from m531x._types import Will
from m531x.paho._attributes import Attributes
from m531x.paho._callbacks import (
    Callback,
    OnConnect,
    OnDisconnect,
    OnLog,
    OnMessage,
    OnPublish,
    OnSubscribe,
    OnUnsubscribe,
    Plain,
)
from m531x.paho._publishes import PahoPayload, check_qos, checked_topic, encoded
from m531x.paho._settings import Settings
from m531x.paho._values import (
    LOGGING_LEVEL,
    MQTT_LOG_ERR,
    MQTT_LOG_WARNING,
    CallbackAPIVersion,
    MQTTProtocolVersion,
    MQTTv311,
)

__all__ = [
    "NO_MANUAL_ACK",
    "NO_SOCKET",
    "ClientBase",
    "check_no_properties",
    "checked_filter",
    "checked_filters",
    "checked_pairs",
    "refuse",
]

F = TypeVar("F", bound=Callable[..., object])

_LOG: Final = logging.getLogger("m531x.paho")
_PORT: Final = "M531X_PORT"
NO_SOCKET: Final = "the module has the socket, and this computer a serial port"
NO_MANUAL_ACK: Final = "the module acknowledges a message when it has printed it"
_TCP_ONLY: Final = "the module connects by TCP only"
_NO_CERTIFICATES: Final = (
    "the module takes no certificates and checks none: "
    "tls_set(cert_reqs=ssl.CERT_NONE) encrypts without them, on models that can"
)


def refuse(what: str, why: str) -> NoReturn:
    """Refuses what the module cannot do.

    Raises:
        InvalidArgumentError: Always, with the reason.
    """
    raise InvalidArgumentError(f"m531x.paho has no {what}: {why}")


def check_no_properties(properties: object) -> None:
    """Refuses the properties of MQTT 5.

    Raises:
        InvalidArgumentError: There are some.
    """
    if properties is not None:
        refuse("properties", "the module speaks MQTT 3.1.1, which has none")


def checked_filter(name: object) -> str:
    """The topic filter.

    Raises:
        InvalidArgumentError: It is no text, empty, or no filter.
    """
    if not isinstance(name, str) or not name:
        raise InvalidArgumentError(f"topic is {name!r}: give a filter, or a list of them")
    _native.check_filter("topic", name)
    return name


def checked_filters(topics: object) -> list[str]:
    """The filters of a filter or of a list of them.

    Raises:
        InvalidArgumentError: One is wrong, or there are none.
    """
    filters: list[object] = [*topics] if isinstance(topics, (list, tuple)) else [topics]
    if not filters:
        raise InvalidArgumentError("topic is an empty list: give at least one filter")
    return [checked_filter(name) for name in filters]


def checked_pairs(topics: object, qos: int) -> list[tuple[str, int]]:
    """The filters with their QoS of a filter, of a pair, or of a list of pairs.

    Raises:
        InvalidArgumentError: One is wrong, or there are none.
    """
    if isinstance(topics, str):
        topics = (topics, qos)
    pairs: list[object] = [*topics] if isinstance(topics, list) else [topics]
    for pair in pairs:
        if not isinstance(pair, tuple) or len(cast(tuple[object, ...], pair)) != 2:
            raise InvalidArgumentError(
                f"topic is {topics!r}: give a filter, a pair of filter and QoS, or a list of pairs"
            )
    checked: list[tuple[str, int]] = []
    for name, level in cast(list[tuple[object, int]], pairs):
        check_qos(level)
        checked.append((checked_filter(name), level))
    if not checked:
        raise InvalidArgumentError("topic is an empty list: give at least one filter")
    return checked


class ClientBase(Attributes):
    """Settings and callbacks."""

    on_connect: Callback[OnConnect] = Callback(
        "client", "userdata", "connect_flags", "reason_code", "properties"
    )
    on_connect_fail: Callback[Plain] = Callback("client", "userdata")
    on_disconnect: Callback[OnDisconnect] = Callback(
        "client", "userdata", "disconnect_flags", "reason_code", "properties"
    )
    on_log: Callback[OnLog] = Callback("client", "userdata", "level", "buf")
    on_message: Callback[OnMessage] = Callback("client", "userdata", "message")
    on_pre_connect: Callback[Plain] = Callback("client", "userdata")
    on_publish: Callback[OnPublish] = Callback(
        "client", "userdata", "mid", "reason_code", "properties"
    )
    on_subscribe: Callback[OnSubscribe] = Callback(
        "client", "userdata", "mid", "reason_code_list", "properties"
    )
    on_unsubscribe: Callback[OnUnsubscribe] = Callback(
        "client", "userdata", "mid", "reason_code_list", "properties"
    )

    def __init__(
        self,
        callback_api_version: CallbackAPIVersion = CallbackAPIVersion.VERSION2,
        client_id: str | None = "",
        clean_session: bool | None = None,
        userdata: Any = None,
        protocol: MQTTProtocolVersion = MQTTv311,
        transport: str = "tcp",
        reconnect_on_failure: bool = True,
        manual_ack: bool = False,
        *,
        port: str | os.PathLike[str] | None = None,
        connect_limit: int | None = None,
        **modem: Any,
    ) -> None:
        """Checks the arguments; `connect` opens the port."""
        if getattr(callback_api_version, "value", None) != CallbackAPIVersion.VERSION2.value:
            raise InvalidArgumentError(
                f"callback_api_version is {callback_api_version!r}: give "
                "CallbackAPIVersion.VERSION2, whose callbacks take reason_code and properties"
            )
        if protocol != MQTTv311:
            refuse(f"protocol={protocol!r}", "the module speaks MQTT 3.1.1 (MQTTv311)")
        if transport != "tcp":
            refuse(f"transport={transport!r}", _TCP_ONLY)
        if manual_ack:
            refuse("manual_ack", NO_MANUAL_ACK)
        if clean_session is False and not client_id:
            raise InvalidArgumentError("client_id is empty: a session that is kept needs one")
        name = os.environ.get(_PORT) if port is None else os.fspath(port)
        if not name:
            raise InvalidArgumentError(
                f'no serial port: give port="/dev/ttyUSB0", or set {_PORT} in the environment'
            )
        self._callbacks: dict[str, Callable[..., object] | None] = {}
        self._filters: dict[str, OnMessage] = {}
        self._userdata = userdata
        self._logger: logging.Logger | None = None
        self._lock = threading.RLock()
        self._last_mid = 0
        self._settings = Settings(
            port=name,
            modem=modem,
            client_id=client_id or f"m531x-{uuid.uuid4().hex[:16]}",
            clean_session=clean_session is not False,
            reconnects=reconnect_on_failure,
            connect_limit=connect_limit,
        )
        self.suppress_exceptions: bool = False
        self._set_up()

    def _set_up(self) -> None:
        """Does the rest of ``__init__``."""
        raise NotImplementedError

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuses callbacks that do not exist."""
        if name.startswith("on_") and not hasattr(type(self), name):
            if name.startswith("on_socket"):
                refuse(name, NO_SOCKET)
            raise AttributeError(f"m531x.paho.Client has no callback {name}")
        super().__setattr__(name, value)

    # ---- settings

    def username_pw_set(
        self, username: str | None, password: str | Callable[[], str] | None = None
    ) -> None:
        """Sets user name and password; the password may be a function that returns it.

        The modem calls the function for each connection; `m531x.clouds` makes such functions.
        """
        self.username, self.password = username, password

    def will_set(
        self,
        topic: str,
        payload: PahoPayload = None,
        qos: int = 0,
        retain: bool = False,
        properties: None = None,
    ) -> None:
        """Sets the message that the broker publishes when the connection is lost."""
        check_no_properties(properties)
        check_qos(qos)
        self._settings.will = Will(checked_topic(topic), encoded(payload), qos, retain)

    def will_clear(self) -> None:
        """Removes the will."""
        self._settings.will = None

    def reconnect_delay_set(self, min_delay: float = 1, max_delay: float = 120) -> None:
        """Sets the seconds to the first attempt after a loss, and the longest between attempts.

        It holds from the next `connect` on.
        """
        self._settings.delay = (float(min_delay), float(max(min_delay, max_delay)))

    def max_inflight_messages_set(self, inflight: int) -> None:
        """Sets how many publishes of QoS 1 and 2 may be unacknowledged at a time; 0 is no limit."""
        self.max_inflight_messages = inflight

    def user_data_set(self, userdata: Any) -> None:
        """Sets the second argument of each callback."""
        self._userdata = userdata

    def user_data_get(self) -> Any:
        """The second argument of each callback."""
        return self._userdata

    def tls_set(
        self,
        ca_certs: str | None = None,
        certfile: str | None = None,
        keyfile: str | None = None,
        cert_reqs: ssl.VerifyMode | None = None,
        tls_version: int | None = None,
        ciphers: str | None = None,
        keyfile_password: str | None = None,
        alpn_protocols: list[str] | None = None,
    ) -> None:
        """Has the module encrypt, without certificates: ``tls_set(cert_reqs=ssl.CERT_NONE)``."""
        rest = (ca_certs, certfile, keyfile, tls_version, ciphers, keyfile_password, alpn_protocols)
        if cert_reqs != ssl.CERT_NONE or any(argument is not None for argument in rest):
            refuse("certificates", _NO_CERTIFICATES)
        self._settings.tls = True

    def tls_insecure_set(self, value: bool) -> None:
        """Takes True only: the module does not check the broker's name."""
        if not value:
            refuse("tls_insecure_set(False)", _NO_CERTIFICATES)

    def tls_set_context(self, context: object = None) -> NoReturn:
        """Raises: the module takes no certificates."""
        refuse("tls_set_context", _NO_CERTIFICATES)

    def ws_set_options(self, *arguments: object, **options: object) -> NoReturn:
        """Raises: the module connects by TCP only."""
        refuse("ws_set_options", _TCP_ONLY)

    def proxy_set(self, **options: object) -> NoReturn:
        """Raises: the module connects by itself."""
        refuse("proxy_set", "the module connects by itself, over the radio network")

    def connect_srv(self, *arguments: object, **options: object) -> NoReturn:
        """Raises: the module looks up no SRV record."""
        refuse("connect_srv", "the module looks up no SRV record; use connect with host and port")

    def enable_bridge_mode(self) -> NoReturn:
        """Raises: the module is no bridge."""
        refuse("enable_bridge_mode", "the module connects as a client only")

    def reinitialise(self, *arguments: object, **options: object) -> NoReturn:
        """Raises: a new client is as good."""
        refuse("reinitialise", "make a new Client")

    def manual_ack_set(self, on: bool) -> None:
        """Takes False only: the module acknowledges by itself."""
        if on:
            refuse("manual_ack_set", NO_MANUAL_ACK)

    def enable_logger(self, logger: logging.Logger | None = None) -> None:
        """Logs what ``on_log`` gets; None is the logger ``m531x.paho``."""
        self._logger = logger or _LOG

    def disable_logger(self) -> None:
        """Logs warnings and errors only, to ``m531x.paho``."""
        self._logger = None

    # ---- callbacks as decorators

    def message_callback_add(self, sub: str, callback: OnMessage) -> None:
        """Has messages that match a filter go to this callback instead of ``on_message``."""
        check_callback("callback", callback, "client", "userdata", "message")
        with self._lock:
            self._filters[checked_filter(sub)] = callback

    def message_callback_remove(self, sub: str) -> None:
        """Removes the callback of a filter."""
        with self._lock:
            self._filters.pop(sub, None)

    def topic_callback(self, sub: str) -> Callable[[F], F]:
        """Decorates a callback for a filter, as `message_callback_add`."""

        def decorate(callback: F) -> F:
            self.message_callback_add(sub, callback)
            return callback

        return decorate

    def connect_callback(self) -> Callable[[F], F]:
        """Decorates the callback ``on_connect``."""
        return self._decorator("on_connect")

    def connect_fail_callback(self) -> Callable[[F], F]:
        """Decorates the callback ``on_connect_fail``."""
        return self._decorator("on_connect_fail")

    def disconnect_callback(self) -> Callable[[F], F]:
        """Decorates the callback ``on_disconnect``."""
        return self._decorator("on_disconnect")

    def log_callback(self) -> Callable[[F], F]:
        """Decorates the callback ``on_log``."""
        return self._decorator("on_log")

    def message_callback(self) -> Callable[[F], F]:
        """Decorates the callback ``on_message``."""
        return self._decorator("on_message")

    def pre_connect_callback(self) -> Callable[[F], F]:
        """Decorates the callback ``on_pre_connect``."""
        return self._decorator("on_pre_connect")

    def publish_callback(self) -> Callable[[F], F]:
        """Decorates the callback ``on_publish``."""
        return self._decorator("on_publish")

    def subscribe_callback(self) -> Callable[[F], F]:
        """Decorates the callback ``on_subscribe``."""
        return self._decorator("on_subscribe")

    def unsubscribe_callback(self) -> Callable[[F], F]:
        """Decorates the callback ``on_unsubscribe``."""
        return self._decorator("on_unsubscribe")

    def _decorator(self, name: str) -> Callable[[F], F]:
        def decorate(callback: F) -> F:
            setattr(self, name, callback)
            return callback

        return decorate

    def _log(self, level: int, text: str) -> None:
        """Passes a line of the log to ``on_log`` and to the logger."""
        if self.on_log is not None:
            try:
                self.on_log(self, self._userdata, level, text)
            except BaseException as error:
                # It runs in the middle of the work of several threads; Ctrl-C in the program's own
                # is no exception of the callback.
                main = threading.current_thread() is threading.main_thread()
                if main and isinstance(error, KeyboardInterrupt):
                    raise
                _LOG.exception("on_log raised an exception")
        logger = self._logger
        if logger is None and level in (MQTT_LOG_WARNING, MQTT_LOG_ERR):
            logger = _LOG
        if logger is not None:
            logger.log(LOGGING_LEVEL[level], "%s: %s", self._settings.port, text)
