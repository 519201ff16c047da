"""What a modem can ask of its module apart from MQTT, for asyncio."""

from __future__ import annotations

import asyncio
import os

from m531x import _native
from m531x._secret import Hidden, shown_command
from m531x._types import ModemInfo, MqttConfig, MqttState, Signal
from m531x.aio._beginning import Beginning
from m531x.doctor import Diagnosis, diagnosis_of
from m531x.recording import Recording, record

__all__ = ["ModuleCommands"]


class ModuleCommands(Beginning):
    """The part of `Modem` that speaks with the module itself.

    Every method raises `CommandError` when the module refuses (``modem_code`` is its number),
    `ModemTimeoutError` when it does not answer in time, `ModemRebootedError` when it restarts
    meanwhile and `ClosedError` after ``close()``.
    """

    async def wait_for_network(self, timeout: float = 120.0) -> None:
        """Waits for SIM, registration, attachment and address; optional before ``connect()``.

        Args:
            timeout: Seconds it may take.

        Raises:
            ModemTimeoutError: It says which step is missing.
        """
        await self._begin(self._starter.wait_for_network(timeout))

    async def status(self) -> MqttState:
        """Asks the module for the state of its MQTT client (``AT+MQTTSTAT?``)."""
        return MqttState(await self._begin(self._starter.status()))

    async def config(self) -> MqttConfig:
        """Reads back what the module's MQTT client is configured with; never the password."""
        return MqttConfig(*await self._begin(self._starter.config()))

    async def info(self) -> ModemInfo:
        """Reads the model, the firmware and the identities of the module and its SIM card."""
        return ModemInfo(*await self._begin(self._starter.info()))

    async def signal(self) -> Signal:
        """Reads the quality of the radio signal."""
        return Signal(*await self._begin(self._starter.signal()))

    async def command(self, line: str, timeout: float | None = None) -> list[str]:
        """Sends an AT command and waits for its final result.

        Args:
            line: The command without the carriage return, such as ``"AT+CSQ"``.
            timeout: Seconds it may take; None is the modem's ``command_timeout``.

        Returns:
            The lines between the command and its ``OK``.

        Raises:
            InvalidArgumentError: The line holds a control character or is too long.
            CommandError: The module answered ``ERROR`` or ``+CME ERROR``.
        """
        hidden, line = Hidden(line), shown_command(line)
        lines: list[str] = await self._begin(self._starter.command(hidden.reveal(), timeout))
        return lines

    async def wake(self) -> None:
        """Wakes a sleeping module: asks until it answers, as it loses the first bytes."""
        await self._begin(self._starter.wake())

    async def reboot(self) -> None:
        """Restarts the module and waits until it answers again; the MQTT client is gone then."""
        await self._begin(self._starter.reboot())

    async def set_ack_timeout(self, seconds: int) -> None:
        """Sets how long the module waits for an acknowledgement (``AT+MQTTTO``).

        Args:
            seconds: More than 0, less than the keep-alive.
        """
        await self._begin(self._starter.set_ack_timeout(seconds))

    async def set_ping_report(self, enabled: bool) -> None:
        """Has the module report every answered ping as an event, or not (``AT+MQTTPING``)."""
        await self._begin(self._starter.set_ping_report(enabled))

    def record(self, path: str | os.PathLike[str], *, limit: int = 64 << 20) -> Recording:
        """Records everything that passes from now on: bytes, times, requests and results.

        No password and no PIN is in it; topics, payloads, the numbers of module and SIM are. One
        of the whole session (``record=`` of the modem) says more than one that begins later, which
        does not know the operations under way. `m531x.replay` plays it again.

        Args:
            path: The file, readable by its owner only. A recording that is there is kept under the
                same name with ``.1`` added.
            limit: About how many bytes it may grow to before it is put aside as ``.1``.

        Raises:
            RecordingError: The file cannot be created.
            BusyError: There is a recording under way.
        """
        return record(self._opened, path, limit)

    async def diagnose(self) -> Diagnosis:
        """Looks at the module, from its answer to its MQTT state; nothing is changed.

        `m531x.diagnose` looks at the port and at a broker as well.
        """
        return diagnosis_of(await asyncio.to_thread(_native.diagnose_open, self._opened))
