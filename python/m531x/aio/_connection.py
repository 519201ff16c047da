"""The MQTT connection of a modem, for asyncio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from m531x import _native
from m531x._callback_registry import CallbackRegistry
from m531x._connection import will_parts
from m531x._errors import ConnectError
from m531x._password import Logins, failed, parts
from m531x._secret import Hidden
from m531x._types import MqttState, Will
from m531x.aio._beginning import Beginning
from m531x.aio._password import ask

__all__ = ["ConnectionCommands"]


async def _ask(function: Callable[[], str | Awaitable[str]]) -> Hidden[str]:
    try:
        return await ask(function)
    except Exception as error:
        raise failed(error) from error


class ConnectionCommands(Beginning):
    """The part of `Modem` that makes and ends the MQTT connection."""

    _callbacks: CallbackRegistry

    async def connect(
        self,
        host: str,
        port: int = 1883,
        *,
        client_id: str,
        username: str | None = None,
        password: str | Callable[[], str | Awaitable[str]] | None = None,
        keepalive: int = 60,
        clean_session: bool = True,
        tls: bool = False,
        will: Will | None = None,
        ack_timeout: int = 10,
        timeout: float | None = None,
    ) -> None:
        """Configures the module's MQTT client and connects it; returns when the broker accepted.

        Arguments and errors are those of `m531x.Modem.connect`. A password function may be a
        coroutine function; it runs in the event loop.
        """
        (hidden, function), password = parts(password, awaited=True), None
        self._callbacks.password = function
        logins = Logins(function, timeout)
        while True:
            options = _native.ConnectOptions(
                host,
                port,
                client_id,
                username,
                hidden.reveal() if function is None else (await _ask(function)).reveal(),
                keepalive,
                clean_session,
                tls,
                will_parts(will),
                ack_timeout,
                logins.left,
                function is not None,
            )
            try:
                await self._begin(self._starter.connect(options))
            except ConnectError as error:
                if not logins.again(error):
                    raise
            else:
                return

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
