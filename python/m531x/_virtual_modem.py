"""A virtual modem: the module's side of the line, in this process."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from types import TracebackType
from typing import Final, cast

from m531x import _native
from m531x._errors import ArgumentTypeError, ClosedError, InvalidArgumentError
from m531x._fork import invalidate_after_fork, watch_forks
from m531x._half_built import shows_half_built
from m531x._html import table
from m531x._native import Message
from m531x._payload import Payload
from m531x.recording import TranscriptEntry

__all__ = ["VirtualModem"]


# The speed of an M5310-A, and the latencies of acknowledgements that users report from the field.
_NB_IOT_BAUDRATE: Final = 9600
_NB_IOT_FAULT: Final = "slow-network=1000-6000"
_NB_IOT_SEED: Final = 1


@shows_half_built
class VirtualModem:
    """A simulated module: a pseudo-terminal that answers as a real module would.

    It connects the program that opens its port to a broker. Any thread may call every method.

    Args:
        model: The module to play, such as ``"M5310-A"`` or ``"M5311"``.
        broker: ``"embedded"`` starts a small MQTT broker on the loopback interface; ``"host:port"``
            is a running broker. Both replace the broker that the host configures. ``"cfg"``
            connects to the configured broker, as the module does.
        link: The path of a stable symbolic link to the pseudo-terminal.
        tcp: ``"port"`` on the loopback interface, or ``"host:port"``, to listen on instead of a
            pseudo-terminal; port 0 picks a free one. A `UserWarning` reports that
            other machines can reach it: there is no password.
        baudrate: Send and receive no faster than a line of this speed would; None does not pace.
        faults: Faults, and traits in which the firmware differs from its lineage, as
            ``"NAME=VALUE"`` texts or as a mapping; ``m531x virtual-modem --help`` lists them.
        seed: Makes faults repeat: the same seed gives the same run.
        echo: Whether commands are echoed at first; None is as the model does.
        firmware: The behaviour where the manual is silent: ``"vendor"`` follows measurements of the
            module vendor's own MQTT client, ``"manual"`` the friendlier reading; None is the
            model's own.
        network: ``"nb-iot"`` answers as over the air: what the broker sends arrives after 1 to 6
            seconds, long messages in pieces, the line has 9600 baud, and the same delays come in
            every run, unless `baudrate` or `seed` say otherwise. None delays nothing.
        replay: A recording to play instead: the module waits for each recorded command and answers
            as the recorded one did, without broker and faults; see `differences`.

    Raises:
        InvalidArgumentError: A model, firmware, network, broker, address or fault that does not
            exist.
        PortError: The pseudo-terminal, link or address is not available.

    Examples:
        >>> import m531x
        >>> with m531x.VirtualModem(model="M5311") as virtual, m531x.Modem(virtual.port) as modem:
        ...     modem.info().model
        'M5311'
    """

    def __init__(
        self,
        model: str = "M5310-A",
        *,
        broker: str = "embedded",
        link: str | PathLike[str] | None = None,
        tcp: str | None = None,
        baudrate: int | None = None,
        faults: Iterable[str] | Mapping[str, object] | None = None,
        seed: int | None = None,
        echo: bool | None = None,
        firmware: str | None = None,
        network: str | None = None,
        replay: str | PathLike[str] | None = None,
    ) -> None:
        """Starts the module; it runs until `close`."""
        if network is not None:
            baudrate = _NB_IOT_BAUDRATE if baudrate is None else baudrate
            seed = _NB_IOT_SEED if seed is None else seed
        self._native = _native.VirtualModem(
            model,
            broker,
            None if link is None else fspath(link),
            tcp,
            False,
            baudrate,
            _network_faults(network) + _fault_texts(faults),
            seed,
            echo,
            firmware,
            None if replay is None else fspath(replay),
        )
        watch_forks(self)
        if self._native.exposed:
            warnings.warn(
                f"every host that reaches {self.port} can use this virtual modem and its broker, "
                "without a password",
                stacklevel=2,
            )

    @classmethod
    def _in_memory(cls, model: str, baudrate: int | None) -> VirtualModem:
        """Starts the module behind a modem that is opened as ``virtual://``."""
        self = cls.__new__(cls)
        self._native = _native.VirtualModem(
            model, "embedded", None, None, True, baudrate, [], None, None, None, None
        )
        watch_forks(self)
        return self

    def _after_fork(self) -> None:
        """Invalidates the module in a forked child: its threads exist in the parent only."""
        self._native = invalidate_after_fork(self._native)

    def __repr__(self) -> str:
        """The port and the broker."""
        try:
            return f"<m531x.VirtualModem port={self.port!r} broker={self.broker!r}>"
        except ClosedError:
            return "<m531x.VirtualModem of the parent process>"

    def _repr_html_(self) -> str:
        try:
            rows = [("port", self.port), ("broker", self.broker)]
        except ClosedError:
            rows = [("port", "of the parent process")]
        return table("m531x.VirtualModem", rows)

    def __enter__(self) -> VirtualModem:
        """Itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes it."""
        self.close()

    @property
    def port(self) -> str:
        """The port to open: the link or the pseudo-terminal, or ``tcp://host:port``."""
        return self._native.port

    @property
    def broker(self) -> str:
        """The broker's ``host:port``; empty if it depends on what the host configures."""
        return self._native.broker

    @property
    def transcript(self) -> list[TranscriptEntry]:
        """The traffic to and from the module so far; passwords and PINs are ``***``."""
        return [
            TranscriptEntry(at, "to module" if inbound else "from module", text)
            for at, inbound, text in self._native.transcript()
        ]

    @property
    def differences(self) -> list[str]:
        """Where the host deviates from the recording that is played: line, recorded, sent."""
        return self._native.differences()

    @property
    def published(self) -> list[Message]:
        """What clients have published to the embedded broker so far, wills included.

        It keeps the last 10,000 messages, and at most 8 MiB. A publish of QoS 1 or 2 is in it when
        `Modem.publish` returns; one of QoS 0 follows a moment later.

        Raises:
            InvalidArgumentError: The virtual modem has no broker of its own.

        Examples:
            >>> import m531x
            >>> with m531x.VirtualModem() as virtual, m531x.Modem(virtual.port) as modem:
            ...     _ = modem.connect("broker.example", client_id="meter-17")
            ...     _ = modem.publish("meter/17/count", "42", qos=1)
            ...     virtual.published
            [Message(topic='meter/17/count', payload=b'42', qos=1)]
        """
        return self._native.published()

    def deliver(self, topic: str, payload: Payload, qos: int = 0, retain: bool = False) -> int:
        """Publishes to the embedded broker as another client would.

        The broker routes the message to every client whose subscription it matches.

        Args:
            topic: The topic name.
            payload: Text, sent as UTF-8, or bytes.
            qos: 0, 1 or 2; a subscription may lower it.
            retain: Whether the broker keeps it for later subscribers.

        Returns:
            To how many subscribed clients it goes; 0 means that nothing is subscribed to its topic.

        Raises:
            InvalidArgumentError: The virtual modem has no broker of its own, or an argument is
                wrong.

        Examples:
            >>> import m531x
            >>> with m531x.VirtualModem() as virtual, m531x.Modem(virtual.port) as modem:
            ...     _ = modem.connect("broker.example", client_id="meter-17")
            ...     commands = modem.subscribe("meter/17/command")
            ...     virtual.deliver("meter/17/command", "restart")
            ...     commands.receive(timeout=5).text
            1
            'restart'
        """
        return self._native.deliver(topic, payload, qos, retain)

    def inject(self, data: bytes) -> None:
        """Sends bytes to the host as if the module had printed them."""
        self._native.inject(data)

    def reboot(self) -> None:
        """Reboots the module, as a loss of power would."""
        self._native.reboot()

    def cut_network(self) -> None:
        """Cuts the radio network: no data passes to or from the broker."""
        self._native.cut_network()

    def restore_network(self) -> None:
        """Restores the radio network."""
        self._native.restore_network()

    def sleep(self) -> None:
        """Sends the module to sleep: it wakes at the next bytes and loses the first of them."""
        self._native.sleep()

    def close(self) -> None:
        """Stops the module and its broker and removes the link; closing again does nothing."""
        native = getattr(self, "_native", None)  # a half-built object has none
        if native is not None:
            native.close()


def _network_faults(network: str | None) -> list[str]:
    """The faults of a virtual modem that make its network one of this kind."""
    if network is None:
        return []
    if network != "nb-iot":
        raise InvalidArgumentError(f"network is {network!r}: give 'nb-iot' or None")
    return [_NB_IOT_FAULT]


def _fault_texts(faults: Iterable[str] | Mapping[str, object] | None) -> list[str]:
    if faults is None:
        return []
    if isinstance(faults, str):
        raise InvalidArgumentError(f"faults is a text: give a list, such as [{faults!r}]")
    if isinstance(faults, Mapping):
        given = cast("Mapping[str, object]", faults)
        return [name if value is True else f"{name}={value}" for name, value in given.items()]
    if not isinstance(faults, Iterable):
        raise ArgumentTypeError(f"faults is {type(faults).__name__}: give a list of texts")
    return list(faults)
