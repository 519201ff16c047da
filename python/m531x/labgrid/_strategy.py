"""The strategy: from a module without power to an MQTT connection."""

# labgrid has no types, and type checkers need not have it.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import enum
import os
from typing import Any, ClassVar

import attr
from labgrid.factory import target_factory
from labgrid.resource.remote import RemotePlace
from labgrid.step import step
from labgrid.strategy import StrategyError

from m531x._constants import MqttState
from m531x._errors import ErrorCode, M531xError, ModemTimeoutError, PortError
from m531x.labgrid._bases import Strategy
from m531x.labgrid._driver import OPTIONAL_POWER, SECONDS, TEXT

__all__ = ["M531xStrategy", "Status"]


class Status(enum.Enum):
    """How far a module is; each includes the one before."""

    unknown = 0
    """Nothing is known yet, or a transition failed."""
    off = 1
    """The port is closed, and the power off if there is a driver for it."""
    answering = 2
    """The port is open, and the module answers."""
    registered = 3
    """The module has registered with the network and has an address."""
    connected = 4
    """The MQTT connection is made."""


@target_factory.reg_driver
@attr.s(eq=False)
class M531xStrategy(Strategy):
    """Takes a module to a `Status`, and switches it off and on if it fails to answer twice.

    After an error, `transition` may be called again: it finds an exporter that has restarted, and
    a module that has lost its connection.

    Attributes:
        connect: The arguments of `m531x.Modem.connect`; ``client_id`` is by default that of the
            place, ``labgrid-NAME``.
        password_variable: The environment variable that has the MQTT password.
        network_timeout: Seconds that the registration may take.
    """

    bindings: ClassVar[dict[str, Any]] = {"modem": "M531xDriver", "power": OPTIONAL_POWER}
    status: Status = attr.ib(default=Status.unknown)
    connect: dict[str, Any] = attr.ib(
        factory=dict, validator=attr.validators.instance_of(dict), kw_only=True, repr=False
    )
    password_variable: str | None = attr.ib(
        default=None, validator=attr.validators.optional(TEXT), kw_only=True
    )
    network_timeout: float = attr.ib(default=120.0, validator=SECONDS, kw_only=True)

    @step(args=["status"])
    def transition(self, status: Status | str) -> None:
        """Takes the module to this status.

        Raises:
            StrategyError: It did not get there; the cause is the error of the modem.
        """
        status = _status(status)
        if self.modem.lost:
            self._release_port()
        self.status, before = Status.unknown, self.status
        try:
            if status is Status.off:
                self._switch_off()
            else:
                self._answer(switched_on=before.value >= Status.answering.value)
                self._go_to(status)
        except M531xError as error:
            reason = self.modem.reason(error)
            raise StrategyError(f"{self.target.name} is not {status.name}: {reason}") from error
        self.status = status

    @step(args=["status"])
    def force(self, status: Status | str) -> None:
        """Takes the module to be in this status: it neither switches nor connects anything."""
        status = _status(status)
        if status is Status.off:
            self._release_port()
        else:
            self.target.activate(self.modem)
        self.status = status

    def _switch_off(self) -> None:
        self._release_port()
        if self.power is not None:
            self.target.activate(self.power)
            self.power.off()

    def _answer(self, *, switched_on: bool) -> None:
        if self.power is not None:
            self.target.activate(self.power)
            if not switched_on:
                self.power.on()
        if self.power is not None and not self._answers_in(2):
            self.power.cycle()
        self._answers_in(2, last=True)

    def _answers_in(self, tries: int, *, last: bool = False) -> bool:
        """Whether the module answers at one of so many tries; the last one may raise."""
        for left in reversed(range(tries)):
            try:
                self.modem.find_exporter()
                self.target.activate(self.modem)
                self.modem.modem.command("AT")
            except (ModemTimeoutError, PortError) as error:
                if last and not left:
                    raise
                if getattr(error, "code", None) is ErrorCode.PORT_IN_USE:
                    raise
                self._release_port()
            else:
                return True
        return False

    def _go_to(self, status: Status) -> None:
        modem = self.modem.modem
        connected = modem.state is MqttState.CONNECTED
        if status is Status.connected:
            if not connected:
                modem.wait_for_network(self.network_timeout)
                modem.connect(**self._arguments())
            return
        if connected:
            modem.disconnect()
        if status is Status.registered:
            modem.wait_for_network(self.network_timeout)

    def _arguments(self) -> dict[str, Any]:
        place = self.modem.port.get_managed_parent()
        name = place.name if isinstance(place, RemotePlace) else self.target.name
        arguments = {"client_id": f"labgrid-{name}", **self.connect}
        if self.password_variable is not None:
            try:
                arguments["password"] = os.environ[self.password_variable]
            except KeyError:
                raise StrategyError(
                    f"no MQTT password: set the environment variable {self.password_variable}"
                ) from None
        return arguments

    def _release_port(self) -> None:
        self.target.deactivate(self.modem)


def _status(status: Status | str) -> Status:
    known = [known for known in Status if known is not Status.unknown]
    for candidate in known:
        if status in (candidate, candidate.name):
            return candidate
    raise StrategyError(
        f"no transition to {status!r}: give one of {', '.join(known.name for known in known)}"
    )
