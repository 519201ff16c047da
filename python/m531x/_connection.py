"""The MQTT connection of a modem."""

from __future__ import annotations

from collections.abc import Callable

from m531x import _native
from m531x._argument_type import ArgumentTypeError
from m531x._callback_registry import CallbackRegistry
from m531x._errors import ConnectError
from m531x._password import Logins, checked, failed, parts
from m531x._secret import Hidden
from m531x._types import MqttState, Will

__all__ = ["ConnectionCommands", "will_parts"]


def will_parts(will: Will | None) -> tuple[str, bytes, int, bool] | None:
    """What the native module takes; None is no will."""
    if will is None:
        return None
    if not isinstance(will, Will):
        raise ArgumentTypeError(f"will is {type(will).__name__}: give a Will")
    return (will.topic, will.payload, will.qos, will.retain)


def _ask(function: Callable[[], str]) -> Hidden[str]:
    try:
        return checked(Hidden(function()))
    except Exception as error:
        raise failed(error) from error


class ConnectionCommands:
    """The part of `Modem` that makes and ends the MQTT connection.

    Every method raises `ModemTimeoutError` when the module does not answer in time,
    `ModemRebootedError` when it restarts meanwhile and `ClosedError` after ``close()``.
    """

    _native: _native.Modem
    _callbacks: CallbackRegistry

    def connect(
        self,
        host: str,
        port: int = 1883,
        *,
        client_id: str,
        username: str | None = None,
        password: str | Callable[[], str] | None = None,
        keepalive: int = 60,
        clean_session: bool = True,
        tls: bool = False,
        will: Will | None = None,
        ack_timeout: int = 10,
        timeout: float | None = None,
    ) -> None:
        """Configures the module's MQTT client and connects it; returns when the broker accepted.

        A client that is still configured is removed first.

        Args:
            host: The broker's name or address, as the module is to look it up.
            port: The broker's TCP port, 1 to 65535.
            client_id: The MQTT client identifier.
            username: The user name, if the broker wants one.
            password: The password, or a function that gives it, for one that expires: it is called
                for every connection and every recovery, once more if the broker refuses what it
                gave, here on this thread, later on that of the callbacks, where it may take 30 s.
                The password appears in no log, error text or repr.
            keepalive: Seconds, up to 65535; more than `ack_timeout`. 0 is allowed, but not "off":
                the broker expects no ping then, while a module may send one every 1.5 s.
            clean_session: Whether the broker forgets the client's earlier session.
            tls: Whether the module encrypts; not every model can.
            will: What the broker publishes when the connection is lost.
            ack_timeout: Seconds that the module waits for an acknowledgement of the broker.
            timeout: Seconds it may take; None is `ack_timeout` and 50 s for the network.

        Raises:
            InvalidArgumentError: An argument is refused; nothing was sent.
            ConnectError: The broker refused (``return_code`` says why) or was not reached, or the
                password function raised.
            ModemTimeoutError: There was no outcome in time.
            CommandError: The module refused a command.

        Example:
            >>> import m531x
            >>> with m531x.Modem("virtual://") as modem:
            ...     will = m531x.Will("meter/17/state", "lost")
            ...     modem.connect("broker.example", client_id="meter-17", keepalive=300, will=will)
            ...     print(modem.mqtt_state())
            connected
        """
        (hidden, function), password = parts(password), None
        self._callbacks.password = function
        logins = Logins(function, timeout)
        while True:
            options = _native.ConnectOptions(
                host,
                port,
                client_id,
                username,
                hidden.reveal() if function is None else _ask(function).reveal(),
                keepalive,
                clean_session,
                tls,
                will_parts(will),
                ack_timeout,
                logins.left,
                function is not None,
            )
            try:
                self._native.connect(options)
            except ConnectError as error:
                if not logins.again(error):
                    raise
            else:
                return

    def disconnect(self) -> None:
        """Ends the MQTT connection; the client stays configured.

        Raises:
            NotConnectedError: There is no MQTT connection.
        """
        self._native.disconnect()

    def delete(self) -> None:
        """Removes the configured MQTT client from the module.

        Raises:
            CommandError: The module refused.
        """
        self._native.delete()

    def mqtt_state(self) -> MqttState:
        """The state of the MQTT connection as last heard; `status` asks the module."""
        return MqttState(self._native.mqtt_state())
