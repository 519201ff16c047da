"""The settings of a `Client`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from m531x._secret import Hidden
from m531x._types import Will

__all__ = ["Settings"]


@dataclass
class Settings:
    """The settings of a `Client`; read at each connection."""

    port: str
    modem: dict[str, Any]
    client_id: str
    clean_session: bool
    reconnects: bool
    host: str = ""
    broker_port: int = 1883
    keepalive: int = 60
    username: str | None = None
    password: Hidden[str | Callable[[], str] | None] = field(default_factory=lambda: Hidden(None))
    will: Will | None = None
    tls: bool = False
    delay: tuple[float, float] = (1.0, 120.0)
    inflight: int = 20
    queued: int = 0
    connect_timeout: float | None = None
    connect_limit: int | None = None

    def has_room(self, in_flight: int) -> bool:
        """Whether one more publish of QoS 1 or 2 may be in flight."""
        return not self.inflight or in_flight < self.inflight
