"""The numbers of the module's MQTT client: states, timeouts, refusals; and its settings."""

from __future__ import annotations

from dataclasses import dataclass

UNINITIALISED, INITIALISED, DISCONNECTED, CONNECT_SENT = 0, 1, 2, 3
RECONNECTING, CONNECTED, TCP_CONNECTING = 4, 5, 6

# ``+MQTTTO:<type>``, from the manual, 1.9.
TO_CONNECT, TO_PUBLISH, TO_SUBSCRIBE, TO_UNSUBSCRIBE, TO_PING = 1, 2, 3, 4, 5

NOT_ALLOWED = 3
BAD_PARAMETER = 601


class RefusedError(Exception):
    """The command ends with ``+CME ERROR: <number>``."""

    def __init__(self, number: int) -> None:
        """Refuses with a number."""
        super().__init__(number)
        self.number = number


@dataclass(frozen=True)
class Config:
    """What AT+MQTTCFG set."""

    host: str
    port: int
    client_id: str
    keepalive: int
    username: str
    password: str
    clean: bool
