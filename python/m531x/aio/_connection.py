"""The MQTT connection of a modem, for asyncio."""

from __future__ import annotations

from m531x import _native
from m531x._connection import will_parts
from m531x._secret import Hidden
from m531x.aio._beginning import Beginning
from m531x.types import MqttState, Will

__all__ = ["ConnectionCommands"]


class ConnectionCommands(Beginning):
    """The part of `Modem` that makes and ends the MQTT connection."""

    async def connect(
        self,
        host: str,
        port: int = 1883,
        *,
        client_id: str,
        username: str | None = None,
        password: str | None = None,
        keepalive: int = 60,
        clean_session: bool = True,
        tls: bool = False,
        will: Will | None = None,
        ack_timeout: int = 10,
        timeout: float | None = None,
    ) -> None:
        """Configures the module's MQTT client and connects it; returns when the broker accepted.

        Arguments and errors are those of `m531x.Modem.connect`.
        """
        hidden, password = Hidden(password), None
        options = _native.ConnectOptions(
            host,
            port,
            client_id,
            username,
            hidden.reveal(),
            keepalive,
            clean_session,
            tls,
            will_parts(will),
            ack_timeout,
            timeout,
        )
        await self._begin(self._starter.connect(options))

    async def disconnect(self) -> None:
        """Ends the MQTT connection; the client stays configured.

        Raises:
            NotConnectedError: There is no MQTT connection.
        """
        await self._begin(self._starter.disconnect())

    async def delete(self) -> None:
        """Removes the configured MQTT client from the module.

        Raises:
            CommandError: The module refused.
        """
        await self._begin(self._starter.delete())

    def mqtt_state(self) -> MqttState:
        """The state of the MQTT connection as last heard; `status` asks the module."""
        return MqttState(self._opened.mqtt_state())
