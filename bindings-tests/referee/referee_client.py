"""The module's MQTT client, as firmware.md measured the vendor's; numbers in brackets are its."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from referee_broker import Broker, Link, Packet
from referee_loop import Loop, Timer
from referee_numbers import (
    BAD_PARAMETER,
    CONNECT_SENT,
    CONNECTED,
    DISCONNECTED,
    INITIALISED,
    NOT_ALLOWED,
    RECONNECTING,
    TCP_CONNECTING,
    TO_CONNECT,
    TO_PING,
    TO_PUBLISH,
    TO_SUBSCRIBE,
    TO_UNSUBSCRIBE,
    UNINITIALISED,
    Config,
    RefusedError,
)
from referee_traits import Traits

__all__ = ["Client"]


@dataclass
class _Pending:
    """A packet whose acknowledgement is due."""

    kind: str
    packet: Packet
    timer: Timer
    forgotten: bool = False


class Client:
    """States, packet ids, acknowledgements and reconnects.

    ``say(name, text)`` prints a URC, ``message(packet)`` a message, ``stray(number)`` an error
    that no command has caused.
    """

    def __init__(
        self,
        loop: Loop,
        broker: Broker,
        traits: Traits,
        say: Callable[[str, str], None],
        message: Callable[[Packet], None],
        stray: Callable[[int], None],
    ) -> None:
        """As after a boot."""
        self.state = UNINITIALISED
        self.config: Config | None = None
        self.ack_timeout = 10
        self.ping_report = False
        self.reconnects = True
        """AT+MQTTREC."""
        self.next_id = traits.first_id
        self.table: dict[str, int] = {}
        self.accepted: list[Packet] = []
        """Every publish that was answered with OK."""
        self._loop = loop
        self._broker = broker
        self._traits = traits
        self._rng = random.Random(traits.seed)
        self._say = say
        self._message = message
        self._stray = stray
        self._link: Link | None = None
        self._link_dead = False
        self._by_itself = False
        """Whether the attempt under way is the module's own."""
        self._closing = False
        """Between the end of a connection and its ``+MQTTDISC: OK``."""
        self._first_write_left = False
        self._pending: list[_Pending] = []
        self._timers: list[Timer] = []
        self._ping: Timer | None = None
        self._pings_lost = 0

    # The commands. Each returns what to do once its OK is out, or raises RefusedError.

    def configure(self, config: Config) -> None:
        """AT+MQTTCFG: breaks into connecting and reconnecting (section 2)."""
        if self._closing and self._traits.cfg_refused_while_closing:
            raise RefusedError(NOT_ALLOWED)
        if self.state == CONNECTED and self._traits.cfg_refused_while_connected:
            raise RefusedError(self._traits.busy_number)
        if not self._closing:  # else its DISC is still to come, and OPEN refused until then
            self._abandon()
            self.state = INITIALISED
        self.config = config
        if self._traits.cfg_resets_settings:
            self.ack_timeout = 10
            self.ping_report = False
        if self._traits.cfg_restarts_ids:
            self.next_id = 1

    def open(self) -> Callable[[], None]:
        """AT+MQTTOPEN."""
        if self.config is None or self.state == CONNECTED or self.is_busy():
            raise RefusedError(self._traits.busy_number)
        return lambda: self._attempt(None)

    def is_busy(self) -> bool:
        """Whether it connects, reconnects or closes: nearly everything is refused."""
        return self._closing or self.state in (CONNECT_SENT, RECONNECTING, TCP_CONNECTING)

    def disconnect(self) -> Callable[[], None]:
        """AT+MQTTDISC."""
        if self.state != CONNECTED:
            raise RefusedError(NOT_ALLOWED)
        if self._link is not None:
            self._link.send(Packet("DISCONNECT"))
        self._abandon()
        self.state = DISCONNECTED
        self._closing = True
        return lambda: self._after(self._rng.uniform(*self._traits.disc_delay), self._disconnected)

    def delete(self) -> None:
        """AT+MQTTDEL."""
        if self.is_busy() or self.state == CONNECTED:
            raise RefusedError(self._traits.busy_number)
        self.state = UNINITIALISED
        self.config = None

    def publish(self, topic: str, payload: bytes, qos: int) -> Callable[[], None]:
        """AT+MQTTPUB; a refused one takes no id (B1)."""
        if len(topic.encode()) + len(payload) + 9 > 2048:
            raise RefusedError(BAD_PARAMETER)
        self._require_link()
        number = self._take_id() if qos or self._traits.qos0_takes_id else 0
        packet = Packet("PUBLISH", number, topic, payload, qos)
        if qos:
            self._await("PUBLISH", packet)
        self.accepted.append(packet)
        self._send(packet)
        return _nothing

    def subscribe(self, topic: str, qos: int) -> Callable[[], None]:
        """AT+MQTTSUB; refused while the topic is in the table, not while its SUBACK is due."""
        self._require_link()
        if len(topic.encode()) > 512:
            raise RefusedError(BAD_PARAMETER)
        if topic in self.table and self._traits.subscribed_number is not None:
            raise RefusedError(self._traits.subscribed_number)
        packet = Packet("SUBSCRIBE", self._take_id(), topic, qos=qos)
        self._await("SUBSCRIBE", packet)
        self._send(packet)
        return _nothing

    def unsubscribe(self, topic: str) -> Callable[[], None]:
        """AT+MQTTUNSUB; its packet may have 256 bytes, so the topic 249."""
        self._require_link()
        if len(topic.encode()) > 249:
            raise RefusedError(BAD_PARAMETER)
        if topic not in self.table and self._traits.unknown_unsubscribe_number is not None:
            raise RefusedError(self._traits.unknown_unsubscribe_number)
        packet = Packet("UNSUBSCRIBE", self._take_id(), topic)
        self._await("UNSUBSCRIBE", packet)
        self._send(packet)
        return _nothing

    def reboot(self) -> None:
        """Everything is gone, and the broker is told nothing."""
        self._abandon()
        self.state = UNINITIALISED
        self.config = None
        self.next_id = 1
        self.ack_timeout, self.ping_report, self.reconnects = 10, False, True

    # Packets.

    def _require_link(self) -> None:
        if self._link_dead:
            if not self._first_write_left:
                raise RefusedError(self._traits.dead_link_number)
            self._first_write_left = False
        elif self.is_busy():
            raise RefusedError(self._traits.busy_number)
        elif self.state != CONNECTED:
            raise RefusedError(self._traits.disconnected_number)

    def _take_id(self) -> int:
        taken = self.next_id
        self.next_id = self._traits.after_65535 if taken == 65535 else taken + 1
        return taken

    def _send(self, packet: Packet) -> None:
        if self._link is not None:
            self._link.send(packet)
            self._byte_passed()

    def _await(self, kind: str, packet: Packet) -> None:
        slack = self._rng.uniform(0, self._traits.timeout_slack)

        def late() -> None:
            if self._traits.late_ack_prints:
                pending.forgotten = True
            else:
                self._pending.remove(pending)
            types = {"PUBLISH": TO_PUBLISH, "SUBSCRIBE": TO_SUBSCRIBE}
            self._say("+MQTTTO", str(types.get(kind, TO_UNSUBSCRIBE)))
            if self._traits.ack_timeout_reconnects and self.state == CONNECTED:
                self.lose_connection()

        pending = _Pending(kind, packet, self._loop.later(self.ack_timeout + slack, late))
        self._pending.append(pending)

    def _settle(self, kind: str, number: int, *, keep: bool = False) -> _Pending | None:
        for pending in self._pending:
            if pending.kind == kind and pending.packet.id == number:
                if not keep:
                    pending.timer.cancel()
                    self._pending.remove(pending)
                return pending
        return None

    def _received(self, link: Link, packet: Packet | None) -> None:
        if link is not self._link:
            return
        if packet is None:
            self._stream_ended()
            return
        self._byte_passed(answered=packet.kind == "PINGRESP")
        handler = getattr(self, "_on_" + packet.kind.lower(), None)
        if handler is not None:
            handler(packet)

    def _on_connack(self, packet: Packet) -> None:
        if self.state != CONNECT_SENT:
            return
        self._cancel_timers()
        if packet.code:
            self._drop_link()
            self._say("+MQTTOPEN", "FAIL")
            self.state = DISCONNECTED
            self._closing = True
            self._after(1.0, self._disconnected)
            return
        self.state = CONNECTED
        self._byte_passed()
        self._say("+MQTTOPEN", "OK")

    def _on_puback(self, packet: Packet) -> None:
        if self._settle("PUBLISH", packet.id) is not None:
            self._say_ack("+MQTTPUBACK", packet.id)

    def _on_pubrec(self, packet: Packet) -> None:
        if self._settle("PUBLISH", packet.id, keep=True) is not None:
            self._send(Packet("PUBREL", packet.id))
            self._say_ack("+MQTTPUBREC", packet.id)

    def _on_pubcomp(self, packet: Packet) -> None:
        if self._settle("PUBLISH", packet.id) is not None:
            self._say_ack("+MQTTPUBCOMP", packet.id)

    def _say_ack(self, name: str, number: int) -> None:
        self._say(name, f"0,{number}" if self._traits.dup_first else f"{number},0")

    def _on_suback(self, packet: Packet) -> None:
        pending = self._settle("SUBSCRIBE", packet.id, keep=True)
        if pending is None:
            return
        if packet.code != pending.packet.qos and self._traits.silent_suback:
            return  # ``+MQTTTO:3`` will follow
        self._settle("SUBSCRIBE", packet.id)
        if packet.code <= 2:
            self.table[packet.topic] = packet.code
        self._say("+MQTTSUBACK", f"{packet.id},{packet.code},{packet.topic}")

    def _on_unsuback(self, packet: Packet) -> None:
        if self._settle("UNSUBSCRIBE", packet.id) is not None:
            self.table.pop(packet.topic, None)
            self._say("+MQTTUNSUBACK", f"{packet.id},{packet.topic}")

    def _on_pingresp(self, _packet: Packet) -> None:
        if self.ping_report:
            self._say("+MQTTPINGRSP", "OK")

    def _on_publish(self, packet: Packet) -> None:
        self._message(packet)
        if packet.qos:
            self._send(Packet("PUBACK" if packet.qos == 1 else "PUBREC", packet.id))

    def _on_pubrel(self, packet: Packet) -> None:
        self._send(Packet("PUBCOMP", packet.id))

    # Keep-alive: PINGREQ at K after the last byte either way, TO:5 at 2K, 3K, 4K.

    def _byte_passed(self, *, answered: bool = False) -> None:
        if self.config is None or self.state != CONNECTED or self._link_dead:
            return
        if self._ping is not None and self._pings_lost and not answered:
            return
        if self._ping is not None:
            self._ping.cancel()
        self._pings_lost = 0
        self._ping = self._loop.later(self.config.keepalive or 1.5, self._keepalive_over)

    def _keepalive_over(self) -> None:
        assert self.config is not None
        if self._pings_lost:
            self._say("+MQTTTO", str(TO_PING))
        self._pings_lost += 1
        if self._pings_lost > 3:
            self.lose_connection()
            return
        if self._link is not None:
            self._link.send(Packet("PINGREQ"))
        self._ping = self._loop.later(self.config.keepalive or 1.5, self._keepalive_over)

    # The ends of connections, and the module's own reconnects.

    def lose_connection(self) -> None:
        """The module gives the connection up and makes another (section 2)."""
        self._abandon()
        if self.reconnects:
            self._wait_for_attempt(0, 4.0)
        else:
            self._give_up()

    def _wait_for_attempt(self, number: int, seconds: float) -> None:
        self.state = RECONNECTING
        self._after(min(1.0, seconds / 2), lambda: setattr(self, "state", CONNECT_SENT))
        self._after(seconds, lambda: self._attempt(number))

    def _attempt(self, number: int | None) -> None:
        """The OPEN (None), or attempt ``number`` of the module itself."""
        self._abandon()
        self._by_itself = number is not None
        if number is not None:
            self._say("+MQTTREC", str(number))
        assert self.config is not None
        reach = self._broker.reach
        if not self.config.host or re.search("[:/]", self.config.host):
            reach = "unknown name"
        if reach != "yes" and number is not None:
            self._give_up()
            return
        if reach == "refused":
            self._say("+MQTTOPEN", "FAIL")
            self.state = INITIALISED
            return
        if reach == "unknown name":
            self.state = TCP_CONNECTING
            self._after(self._rng.uniform(0, 1), self._disconnected)
            return
        self.state = CONNECT_SENT
        link = self._link = self._broker.accept(lambda packet: self._received(link, packet))
        link.send(Packet("CONNECT", topic=self.config.client_id, clean=self.config.clean))
        self._after(self.ack_timeout, lambda: self._connack_late(number))

    def _connack_late(self, number: int | None) -> None:
        self._drop_link()
        self._say("+MQTTTO", str(TO_CONNECT))
        if number is None:
            wait = self._traits.first_wait
            self._wait_for_attempt(1, wait + self._rng.uniform(0, 1))
        elif number < 2:
            self._wait_for_attempt(number + 1, 8.0 if number == 0 else 16.0)
        else:
            self._give_up()

    def _stream_ended(self) -> None:
        """The broker closed the connection."""
        if self.state == CONNECT_SENT:
            # The first OPEN waits for its timeout all the same; an attempt of the module does not.
            if self._by_itself:
                self._give_up()
            return
        if self.state == CONNECTED:
            self._link_dead = True
            self._first_write_left = self._traits.first_write_after_fin
            self.state = DISCONNECTED
            self._closing = True
            if self._ping is not None:
                self._ping.cancel()
            self._after(self._rng.uniform(*self._traits.dead_link_notice), self._disconnected)

    def _give_up(self) -> None:
        """``+CME ERROR: 615`` unasked, and a second later ``+MQTTDISC: OK``."""
        self._abandon()
        self.state = DISCONNECTED
        self._closing = True
        if self._traits.stray_615:
            self._stray(615)
        self._after(1.0, self._disconnected)

    def _disconnected(self) -> None:
        self._abandon()
        self.state = INITIALISED
        self._say("+MQTTDISC", "OK")

    def _abandon(self) -> None:
        """Table and queue are emptied, and what was in flight vanishes without a word."""
        self._drop_link()
        self._cancel_timers()
        for pending in self._pending:
            pending.timer.cancel()
        self._pending = []
        self.table = {}
        self._link_dead = self._closing = False
        self._pings_lost = 0

    def _drop_link(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        self._timers.append(self._loop.later(seconds, action))

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []
        if self._ping is not None:
            self._ping.cancel()
            self._ping = None


def _nothing() -> None:
    pass
