"""The driver: a module at a serial port of the target."""

# labgrid has no types, and type checkers need not have it.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import contextlib
import threading
import time
from typing import IO, Any, ClassVar

import attr
from labgrid.exceptions import NoResourceFoundError
from labgrid.factory import target_factory
from labgrid.resource import SerialPort
from labgrid.resource.remote import RemotePlace
from labgrid.step import step
from labgrid.util.proxy import proxymanager

from m531x._callbacks import CallbackRegistry
from m531x._constants import EventKind
from m531x._errors import ClosedError, ErrorCode, M531xError, PortError
from m531x._modem import Modem
from m531x._port_pool import lock_of
from m531x.labgrid._bases import Driver, ResetProtocol

__all__ = ["OPTIONAL_POWER", "SECONDS", "TEXT", "M531xDriver"]

OPTIONAL_POWER = {"PowerProtocol", None}
SECONDS = attr.validators.instance_of((int, float))
TEXT = attr.validators.instance_of(str)
LINE = attr.validators.optional(attr.validators.instance_of(bool))
_PERIOD_S = 0.2
_NOTICE_S = 2.0


class _Callbacks(CallbackRegistry):
    """Closes the modem when its port is gone, with any callbacks that the test sets."""

    def __init__(self, lost: Any) -> None:
        super().__init__()
        self._lost = lost

    def of_event(self, kind: int, value: int, text: str, timestamp: float) -> list[Any]:
        calls = super().of_event(kind, value, text, timestamp)
        return [*calls, (self._lost, (text,))] if kind == EventKind.PORT_LOST else calls


class _BorrowedModem(Modem):
    """A modem at a TCP port that may be another user's once the connection has ended.

    The exporter serves another place there, or nothing: the modem must not search for it.
    """

    def __init__(self, port: str, lost: Any, **options: Any) -> None:
        self._lost = lost
        super().__init__(port, **options)

    def _set_up(self) -> None:
        self._callbacks = _Callbacks(self._end)
        super()._set_up()

    def _end(self, text: str) -> None:
        self._lost(text)
        self.close()


@target_factory.reg_driver
@attr.s(eq=False)
class M531xDriver(Driver, ResetProtocol):
    """Opens the module at a serial port of the target, of this machine or of an exporter.

    Activation opens the port, which runs the start-up dialogue; deactivation disconnects and frees
    it. Two drivers of one user cannot use a port at the same time; labgrid keeps other users away.

    Attributes:
        model: As for `m531x.Modem`.
        baudrate: As for `m531x.Modem`. The ``speed`` of the resource is only what the exporter's
            ser2net begins with, except with ``protocol: raw``, where it stays.
        open_timeout: As for `m531x.Modem`.
        dtr: As for `m531x.Modem`: ``on``, ``off``, or as the system sets it. Behind an exporter it
            needs the ser2net of labgrid (RFC 2217), not ``protocol: raw``.
        rts: Likewise.
        trace: As for `m531x.Modem`.
        exporter_timeout: Seconds to wait for an exporter that restarts.
    """

    bindings: ClassVar[dict[str, Any]] = {
        "port": {"SerialPort", "NetworkSerialPort"},
        "power": OPTIONAL_POWER,
    }
    model: str = attr.ib(default="auto", validator=TEXT)
    baudrate: int | None = attr.ib(
        default=None, validator=attr.validators.optional(attr.validators.instance_of(int))
    )
    open_timeout: float = attr.ib(default=10.0, validator=SECONDS)
    dtr: bool | None = attr.ib(default=None, validator=LINE)
    rts: bool | None = attr.ib(default=None, validator=LINE)
    trace: int = attr.ib(default=200, validator=attr.validators.instance_of(int))
    exporter_timeout: float = attr.ib(default=30.0, validator=SECONDS)

    def __attrs_post_init__(self) -> None:
        """Opens nothing yet."""
        super().__attrs_post_init__()
        self._modem: Modem | None = None
        self._lock: IO[str] | None = None
        self._lost: str | None = None
        self._noticed = threading.Event()

    @property
    def modem(self) -> Modem:
        """The open modem.

        Raises:
            PortError: The driver is not active, or its port is gone.
        """
        if self._lost is not None:
            raise PortError(self._lost)
        if self._modem is None:
            raise PortError(f"{self.display_name} is not active: activate it, or use the strategy")
        return self._modem

    @property
    def lost(self) -> bool:
        """Whether the port of the open modem is gone; activate the driver again."""
        return self._lost is not None

    def on_activate(self) -> None:
        """Opens the port."""
        self.find_exporter()
        local = isinstance(self.port, SerialPort)
        # With a tunnel, the address differs from process to process; the exporter's does not.
        name = self.port.port if local else f"{self.port.host}:{self.port.port}"
        self._lock = lock_of(name)
        if self._lock is None:
            raise PortError(
                f"{name} is in use by another m531x driver of this user: end that test, or acquire "
                "another place",
                code=ErrorCode.PORT_IN_USE,
            )
        options: dict[str, Any] = {
            "model": self.model,
            "baudrate": self.baudrate,
            "open_timeout": self.open_timeout,
            "dtr": self.dtr,
            "rts": self.rts,
            "trace": self.trace,
        }
        try:
            if local:
                self._modem = Modem(self.port.port, **options)
            else:
                self._modem = _BorrowedModem(self._address(), self._port_lost, **options)
        except BaseException:
            self._unlock()
            raise

    def on_deactivate(self) -> None:
        """Disconnects, for 5 s at most, and frees the port."""
        modem, self._modem, self._lost = self._modem, None, None
        self._noticed.clear()
        try:
            if modem is not None:
                with contextlib.suppress(M531xError):
                    modem.__exit__(None, None, None)
        finally:
            self._unlock()

    @Driver.check_active
    @step()
    def reset(self) -> None:
        """Switches the module off and on, or without a power driver reboots it by a command."""
        if self.power is None:
            self.modem.reboot()
            return
        self.on_deactivate()
        self.power.cycle()
        self.on_activate()

    def get_export_vars(self) -> dict[str, str]:
        """What other programs need to open the port."""
        return {"port": self._address()}

    def _address(self) -> str:
        if isinstance(self.port, SerialPort):
            return str(self.port.port)
        host, port = proxymanager.get_host_and_port(self.port)
        scheme = {"rfc2217": "rfc2217", "raw": "tcp"}.get(self.port.protocol)
        if scheme is None:
            raise PortError(f"protocol {self.port.protocol!r}: m531x knows rfc2217 and raw")
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    def find_exporter(self) -> None:
        """Waits until the exporter serves the port; one that restarts does so somewhere else.

        The strategy calls it ahead of the activation, at which labgrid fails without an exporter.

        Raises:
            NoResourceFoundError: No exporter serves it in time.
            UserError: The place is not acquired.
        """
        if isinstance(self.port, SerialPort):
            return
        place: Any = self.port.get_managed_parent()
        if not isinstance(place, RemotePlace):
            return
        session = place.manager.session
        deadline = time.monotonic() + self.exporter_timeout
        while True:
            session.loop.run_until_complete(session.sync_with_coordinator())
            entry = _entry_of(session, session.get_acquired_place(place.name))
            if entry is not None:
                # labgrid goes on with the entry of the exporter that is gone.
                self.port._remote_entry = entry
                self.target.update_resources()
                return
            if time.monotonic() > deadline:
                raise NoResourceFoundError(
                    f"no exporter serves the port of place {place.name}: start it, or acquire "
                    "another place"
                )
            time.sleep(_PERIOD_S)

    def _port_lost(self, text: str) -> None:
        self._lost = (
            f"the port is gone ({text}): the place was released, or its exporter stopped; acquire "
            "it, and activate the driver again"
        )
        self._noticed.set()
        self.logger.error("%s", self._lost)

    def reason(self, error: M531xError) -> str:
        """The text of an error, or why the port is gone if that is behind it."""
        gone = isinstance(error, (PortError, ClosedError))
        if gone and isinstance(self._modem, _BorrowedModem):
            # The call fails a moment ahead of the event.
            self._noticed.wait(_NOTICE_S)
        return self._lost or str(error)

    def _unlock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()


def _entry_of(session: Any, place: Any) -> Any:
    """What the exporter says of the serial port of an acquired place, if it serves it now."""
    for exporter, group, _, name in place.acquired_resources:
        entry = session.resources.get(exporter, {}).get(group, {}).get(name)
        # An entry is empty while its exporter is gone.
        if entry is None or entry.data.get("cls") != "NetworkSerialPort" or not entry.avail:
            continue
        return entry if entry.args.get("port") else None
    return None
