"""The attributes of paho's client, which scripts set and read beside its methods."""

from __future__ import annotations

import logging
from collections.abc import Callable

from m531x._errors import InvalidArgumentError
from m531x._secret import Hidden
from m531x.paho._settings import Settings
from m531x.paho._values import CallbackAPIVersion, MQTTProtocolVersion, MQTTv311

__all__ = ["Attributes"]


class Attributes:
    """What paho's client has as attributes; a new value holds from the next connection on."""

    _settings: Settings
    _logger: logging.Logger | None

    @property
    def callback_api_version(self) -> CallbackAPIVersion:
        """Always VERSION2."""
        return CallbackAPIVersion.VERSION2

    @property
    def protocol(self) -> MQTTProtocolVersion:
        """Always MQTTv311."""
        return MQTTv311

    @property
    def transport(self) -> str:
        """Always ``"tcp"``."""
        return "tcp"

    @property
    def username(self) -> str | None:
        """The user name."""
        return self._settings.username

    @username.setter
    def username(self, value: str | None) -> None:
        self._settings.username = value

    @property
    def password(self) -> str | Callable[[], str] | None:
        """The password, or the function that returns it; it can be set only, and not read."""
        raise AttributeError("password can be set only")

    @password.setter
    def password(self, value: str | Callable[[], str] | None) -> None:
        self._settings.password = Hidden(value)

    @property
    def will_topic(self) -> str | None:
        """The topic of the will, if there is one."""
        return None if self._settings.will is None else self._settings.will.topic

    @property
    def will_payload(self) -> bytes | None:
        """The payload of the will, if there is one."""
        will = self._settings.will
        return None if will is None else bytes(will.payload)

    @property
    def connect_timeout(self) -> float | None:
        """Seconds that a connection may take; None is as long as `m531x.Modem.connect` waits."""
        return self._settings.connect_timeout

    @connect_timeout.setter
    def connect_timeout(self, value: float) -> None:
        if value <= 0:
            raise InvalidArgumentError(f"connect_timeout is {value}: give seconds above 0")
        self._settings.connect_timeout = value

    @property
    def max_inflight_messages(self) -> int:
        """How many publishes of QoS 1 and 2 may be unacknowledged at a time; 0 is no limit."""
        return self._settings.inflight

    @max_inflight_messages.setter
    def max_inflight_messages(self, value: int) -> None:
        if value < 0:
            raise InvalidArgumentError(f"inflight is {value}: give 1 or more, or 0 for no limit")
        self._settings.inflight = value

    @property
    def max_queued_messages(self) -> int:
        """How many publishes of QoS 1 and 2 may be unfinished; 0 is no limit."""
        return self._settings.queued

    @max_queued_messages.setter
    def max_queued_messages(self, value: int) -> None:
        if value < 0:
            raise InvalidArgumentError(f"queue_size is {value}: give 0 or more")
        self._settings.queued = value

    @property
    def logger(self) -> logging.Logger | None:
        """The logger of `enable_logger`."""
        return self._logger

    @logger.setter
    def logger(self, value: logging.Logger | None) -> None:
        self._logger = value
