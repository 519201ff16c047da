"""A broker in memory that keeps books: what reached it, and what it acknowledged."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from referee_loop import Loop

__all__ = ["Arrival", "Broker", "Link", "Packet"]


@dataclass
class Packet:
    """What a control packet of MQTT 3.1.1 says, not its bytes."""

    kind: str
    id: int = 0
    topic: str = ""
    payload: bytes = b""
    qos: int = 0
    code: int = 0
    clean: bool = True
    dup: bool = False


@dataclass(frozen=True)
class Arrival:
    """A publish that reached the broker."""

    topic: str
    payload: bytes
    qos: int
    id: int
    connection: int


class Link:
    """One TCP connection between the module and the broker; each direction keeps its order."""

    def __init__(self, broker: Broker, number: int, to_module: Callable[[Packet | None], None]):
        """Made by `Broker.accept` only; None to the module is the end of the stream."""
        self.number = number
        self.client_id = ""
        self.lost = False
        """Nothing passes any more, and neither side has been told."""
        self.open_here = True
        """At the broker."""
        self.open_there = True
        """At the module."""
        self._broker = broker
        self._to_module = to_module
        self._kept: list[Packet | None] = []

    def send(self, packet: Packet) -> None:
        """The module sends."""
        self._upward(packet)

    def close(self) -> None:
        """The module closes the connection, or forgets it."""
        if self.open_there:
            self.open_there = False
            self._upward(None)

    def reply(self, packet: Packet, delay: float = 0.0) -> None:
        """The broker sends, after so many seconds of the module."""
        loop = self._broker.loop
        if delay:
            loop.later(delay, lambda: self._reply_now(packet))
        else:
            self._reply_now(packet)

    def hang_up(self) -> None:
        """The broker closes the connection."""
        if self.open_here:
            self.open_here = False
            if not self.lost:
                self._broker.loop.later(self._broker.latency, lambda: self._deliver(None))

    def thaw(self) -> None:
        """What came while the broker was frozen is read now."""
        kept, self._kept = self._kept, []
        for packet in kept:
            self._arrive(packet)

    def _reply_now(self, packet: Packet) -> None:
        if self.open_here and not self.lost:
            self._broker.loop.later(self._broker.latency, lambda: self._deliver(packet))

    def _deliver(self, packet: Packet | None) -> None:
        if self.open_there and not self.lost:
            self._to_module(packet)

    def _upward(self, packet: Packet | None) -> None:
        if not self.lost:
            self._broker.loop.later(self._broker.latency, lambda: self._arrive(packet))

    def _arrive(self, packet: Packet | None) -> None:
        if self.lost or not self.open_here:
            return
        if self._broker.frozen:
            self._kept.append(packet)
        elif packet is None:
            self.open_here = False
            self._broker.left(self)
        else:
            self._broker.handle(self, packet)


@dataclass
class _Session:
    filters: dict[str, int] = field(default_factory=dict)
    queued: list[Packet] = field(default_factory=list)
    awaiting_release: dict[int, Arrival] = field(default_factory=dict)
    link: Link | None = None


class Broker:
    """The network's other end. Test threads change it under ``loop.lock``."""

    def __init__(self, loop: Loop) -> None:
        """A broker that is reachable, quick and kind."""
        self.loop = loop
        self.reach: Literal["yes", "refused", "unknown name"] = "yes"
        self.latency = 0.0
        self.frozen = False
        self.connack_delay = 0.0
        self.close_before_connack = False
        self.refuse_logins: list[int] = []
        """The return codes of the next logins, one each."""
        self.ack_delay: Callable[[Packet], float] = lambda _packet: 0.0
        self.lose: Callable[[Packet], bool] = lambda _packet: False
        """Packets that vanish on their way here, as when a connection breaks under them."""
        self.lose_ack: Callable[[Packet], bool] = lambda _packet: False
        """Packets whose acknowledgement vanishes on its way."""
        self.closes_on: set[str] = set()
        """Topics and filters for which the broker closes the connection."""
        self.refuses: set[str] = set()
        """Filters that are answered with 0x80."""
        self.highest_qos = 2
        self.refuses_id_0 = False
        """Whether a publish with id 0 costs the connection, as MQTT has it (B8)."""

        self.received: list[Arrival] = []
        self.acknowledged: list[Arrival] = []
        """QoS 1 and 2 with an acknowledgement sent (QoS 2: released too)."""
        self.connections = 0
        self.logins: list[Packet] = []
        self.subscribed: list[str] = []
        """Every filter that a SUBSCRIBE asked for, in order."""
        self._links: list[Link] = []
        self._sessions: dict[str, _Session] = {}
        self._next_id = 0

    def payloads(self) -> Counter[bytes]:
        """How often each payload reached the broker."""
        with self.loop.lock:
            return Counter(arrival.payload for arrival in self.received)

    def filters(self) -> dict[str, int]:
        """The filters of all clients, with the QoS granted."""
        with self.loop.lock:
            return {f: q for s in self._sessions.values() for f, q in s.filters.items()}

    def cut(self, how: Literal["fin", "silent"] = "fin") -> None:
        """Ends every connection: the broker closes it, or nothing passes any more."""
        with self.loop.lock:
            for link in self._links:
                if how == "fin":
                    link.hang_up()
                else:
                    link.lost = True
                    link.open_here = False
                self.left(link)
            self._links = []

    def freeze(self) -> None:
        """Stops reading and writing; connections still open, as the kernel accepts them."""
        with self.loop.lock:
            self.frozen = True

    def thaw(self) -> None:
        """Reads what came meanwhile."""
        with self.loop.lock:
            self.frozen = False
            for link in list(self._links):
                link.thaw()

    def publish(self, topic: str, payload: bytes, qos: int = 0, *, dup: bool = False) -> int:
        """Sends a message to whoever subscribed; returns to how many."""
        count = 0
        with self.loop.lock:
            for session in self._sessions.values():
                granted = [q for f, q in session.filters.items() if matches(f, topic)]
                if not granted:
                    continue
                count += 1
                self._next_id += 1
                packet = Packet("PUBLISH", self._next_id, topic, payload, min(qos, *granted, 2))
                packet.dup = dup
                if session.link is not None:
                    session.link.reply(packet)
                elif packet.qos:
                    session.queued.append(packet)
        return count

    def accept(self, to_module: Callable[[Packet | None], None]) -> Link:
        """A TCP connection from the module."""
        self.connections += 1
        link = Link(self, self.connections, to_module)
        self._links.append(link)
        return link

    def left(self, link: Link) -> None:
        """A connection has ended."""
        session = self._sessions.get(link.client_id)
        if session is not None and session.link is link:
            session.link = None

    def handle(self, link: Link, packet: Packet) -> None:
        """A packet that arrived."""
        if self.lose(packet):
            return
        if packet.topic in self.closes_on:
            self.left(link)
            link.hang_up()
            return
        getattr(self, "_" + packet.kind.lower())(link, packet)

    def _ack(self, link: Link, asked: Packet, answer: Packet) -> None:
        if not self.lose_ack(asked):
            link.reply(answer, self.ack_delay(asked))

    def _connect(self, link: Link, packet: Packet) -> None:
        self.logins.append(packet)
        if self.close_before_connack:
            link.hang_up()
            return
        code = self.refuse_logins.pop(0) if self.refuse_logins else 0
        answer = Packet("CONNACK", code=code)
        if code:
            link.reply(answer, self.connack_delay)
            return
        link.client_id = packet.topic
        old = self._sessions.get(packet.topic)
        if old is not None and old.link is not None:
            old.link.hang_up()
        session = _Session() if old is None or packet.clean else old
        answer.id = int(session is old)  # session present
        session.link = link
        self._sessions[packet.topic] = session
        link.reply(answer, self.connack_delay)
        queued, session.queued = session.queued, []
        for waiting in queued:
            link.reply(waiting, self.connack_delay)

    def _disconnect(self, link: Link, packet: Packet) -> None:
        self.left(link)
        link.open_here = False

    def _pingreq(self, link: Link, packet: Packet) -> None:
        link.reply(Packet("PINGRESP"))

    def _publish(self, link: Link, packet: Packet) -> None:
        if packet.qos and packet.id == 0 and self.refuses_id_0:
            self.left(link)
            link.hang_up()
            return
        arrival = Arrival(packet.topic, packet.payload, packet.qos, packet.id, link.number)
        session = self._sessions[link.client_id]
        if packet.qos == 2:
            if packet.id not in session.awaiting_release:
                self.received.append(arrival)
            session.awaiting_release[packet.id] = arrival
            self._ack(link, packet, Packet("PUBREC", packet.id, packet.topic))
            return
        self.received.append(arrival)
        if packet.qos == 1:
            self.acknowledged.append(arrival)
            self._ack(link, packet, Packet("PUBACK", packet.id, packet.topic))

    def _pubrel(self, link: Link, packet: Packet) -> None:
        arrival = self._sessions[link.client_id].awaiting_release.pop(packet.id, None)
        if arrival is not None:
            self.acknowledged.append(arrival)
        self._ack(link, packet, Packet("PUBCOMP", packet.id))

    def _subscribe(self, link: Link, packet: Packet) -> None:
        self.subscribed.append(packet.topic)
        granted = 0x80 if packet.topic in self.refuses else min(packet.qos, self.highest_qos)
        if granted != 0x80:
            self._sessions[link.client_id].filters[packet.topic] = granted
        self._ack(link, packet, Packet("SUBACK", packet.id, packet.topic, code=granted))

    def _unsubscribe(self, link: Link, packet: Packet) -> None:
        with contextlib.suppress(KeyError):
            del self._sessions[link.client_id].filters[packet.topic]
        self._ack(link, packet, Packet("UNSUBACK", packet.id, packet.topic))

    def _puback(self, link: Link, packet: Packet) -> None:
        pass

    _pubrec = _pubcomp = _puback


def matches(filter_: str, topic: str) -> bool:
    """Whether a topic matches a filter (MQTT 3.1.1, section 4.7)."""
    levels, names = filter_.split("/"), topic.split("/")
    if topic.startswith("$") and filter_[:1] in "+#":
        return False
    for number, level in enumerate(levels):
        if level == "#":
            return True
        if number >= len(names) or level not in ("+", names[number]):
            return False
    return len(levels) == len(names)
