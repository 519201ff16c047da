"""A fake module: reads AT commands from a port, and prints what its MQTT client has to say."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from referee_broker import Broker, Packet
from referee_client import Client
from referee_loop import Loop, Port, PtyPort, TcpPort
from referee_numbers import BAD_PARAMETER, Config, RefusedError
from referee_traits import Traits

__all__ = ["FakeModule"]

LINE_LIMIT = 1024
OK = "OK"

_READINGS = {
    "AT": [],
    "AT+CGMI": ["CMCC"],
    "AT+CGMR": ["referee 1"],
    "AT+CMVER": ["referee 1"],
    "AT+CGSN=1": ["+CGSN:490154203237518"],
    "AT+CGSN": ["490154203237518"],
    "AT+GSN": ["490154203237518"],
    "AT+CIMI": ["460040123456789"],
    "AT+NCCID": ["+NCCID:89860411101811000000"],
    "AT+ICCID": ["+ICCID: 89860411101811000000"],
    "AT+CSQ": ["+CSQ:20,99"],
    "AT+CFUN?": ["+CFUN:1"],
    "AT+CPIN?": ["+CPIN:READY"],
    "AT+CEREG?": ["+CEREG:0,1"],
    "AT+CGATT?": ["+CGATT:1"],
    "AT+CGPADDR": ["+CGPADDR:1,10.0.0.2"],
    "AT+CGPADDR=1": ["+CGPADDR:1,10.0.0.2"],
}

_PUB = re.compile(r'"([^"]*)",([0-2]),([01]),([01]),(\d+),(.*)', re.DOTALL)
_SUB = re.compile(r'(?:"([^"]+)"|([^",]+))(?:,([0-2]))?(?:,[01])?')
_CFG = re.compile(r'"([^"]*)",(\d+),"([^"]*)",(\d+),"([^"]*)","([^"]*)",([01])(?:,[01])?')


class FakeModule(AbstractContextManager["FakeModule"]):
    """Module and broker in one; `port` is what `m531x.Modem` opens.

    Test threads change traits of the running module only through its methods, or with ``lock``.
    """

    def __init__(self, traits: Traits | None = None, *, pty: bool = False) -> None:
        """Starts it, as after a boot with nobody listening."""
        self.traits = traits = Traits() if traits is None else traits
        self.loop = Loop(traits.scale)
        self.lock = self.loop.lock
        self.broker = Broker(self.loop)
        self.client = Client(
            self.loop, self.broker, traits, self._say, self._print_message, self._print_stray
        )
        self.commands: list[str] = []
        """Every command line that was read."""
        self.printed: list[str] = []
        """Every URC and stray result that was printed."""
        self.refused: list[tuple[str, int]] = []
        """Every command that ended with an error, and its number."""
        self._rng = random.Random(traits.seed + 1)
        self._echo = traits.model == "M5311"
        self._numbers = False
        """AT+CMEE: whether errors have numbers."""
        self._line = b""
        self._waiting: list[bytes] = []
        self._busy = False
        self._boots = 0
        self._shorter = 0
        self._held: dict[str, Callable[[], None] | None] = {}
        self._held_answers: dict[str, Callable[[], None] | None] = {}
        self._holding = threading.Condition(self.lock)
        self._port: Port = (PtyPort if pty else TcpPort)(self.loop, self._received)
        self.port = self._port.name

    def close(self) -> None:
        """Ends it; raises what went wrong inside."""
        self._port.close()
        self.loop.close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes it."""
        self.close()

    def hold(self, command: str) -> None:
        """Keeps back the next answer to a command, and with it all later ones."""
        with self.lock:
            self._held[command] = None

    def hold_answer(self, command: str) -> None:
        """Carries the next such command out, and keeps its answer back: it is old when it comes."""
        with self.lock:
            self._held_answers[command] = None

    def wait_until_held(self, command: str, timeout: float = 20.0) -> None:
        """Waits until the command whose answer is held has come."""

        def came() -> bool:
            held = self._held.get(command) or self._held_answers.get(command)
            return held is not None

        with self._holding:
            assert self._holding.wait_for(came, timeout), f"{command} has not come"

    def release(self, command: str) -> None:
        """Gives the answer that was held."""
        with self.lock:
            answer = self._held.pop(command, None) or self._held_answers.pop(command, None)
        assert answer is not None, f"{command} has not come"
        self.loop.later(0, answer)

    def stray(self, number: int) -> None:
        """Prints an error that no command has caused (B5)."""
        with self.lock:
            self._print_stray(number)

    def lose_pings(self) -> None:
        """Has the module believe that three pings were lost: it begins to reconnect."""
        with self.lock:
            self.client.lose_connection()

    def shorten_messages(self, count: int) -> None:
        """Prints so many bytes less than declared, as on a slow network (section 2)."""
        with self.lock:
            self._shorter = count

    def cut(self, how: str = "fin") -> None:
        """Cuts the way between module and broker."""
        assert how in ("fin", "silent")
        self.broker.cut("fin" if how == "fin" else "silent")

    def hang_up_port(self) -> None:
        """Ends the driver's connection to the port, as a serial server that restarts."""
        assert isinstance(self._port, TcpPort)
        self._port.hang_up()

    def reboot(self) -> None:
        """Restarts the module; the boot is announced as the model does (dialect.md, section 4)."""
        with self.lock:
            self.client.reboot()
            self._boots += 1
            self._echo = self.traits.model == "M5311"
            self._numbers = self._busy = False
            self._waiting, self._line = [], b""
            if self.traits.model == "M5311":
                lines = ["REBOOTING..", "*ATREADY: 1", "+CFUN: 1", "+CPIN: READY"]
            else:
                lines = ["Boot: Unsigned", "Security B.. Verified", "Protocol A.. Verified"]
                lines += ["Apps A...... Verified", "", "REBOOT_CAUSE_APPLICATION_AT", "Neul", OK]
            self._port.send("".join(f"\r\n{line}\r\n" for line in lines).encode())

    def wait_for(self, condition: Callable[[], bool], timeout: float = 20.0) -> None:
        """Waits until something is true of module or broker."""
        deadline = time.monotonic() + timeout
        while True:
            with self.lock:
                if condition():
                    return
            assert time.monotonic() < deadline, "it did not come true in time"
            time.sleep(0.005)

    # What it prints.

    def _say(self, name: str, text: str) -> None:
        space = self.traits.spaces == "one"
        if self.traits.spaces == "mixed":
            space = self._rng.random() < 0.5
        line = f"{name}:{' ' if space else ''}{text}"
        self.printed.append(line)
        self._port.send(f"\r\n{line}\r\n".encode())

    def _print_stray(self, number: int) -> None:
        line = f"+CME ERROR: {number}"
        self.printed.append(line)
        self._port.send(f"\r\n{line if self._numbers else 'ERROR'}\r\n".encode())

    def _print_message(self, packet: Packet) -> None:
        head = f"{int(packet.dup)},{packet.qos},0,{packet.id if packet.qos else 0}"
        head = f"+MQTTPUBLISH:{head},{packet.topic},{len(packet.payload)},"
        self.printed.append(head)
        payload = packet.payload[: max(0, len(packet.payload) - self._shorter)]
        self._port.send(head.encode() + payload + b"\r\n")

    # Commands, one after the other.

    def _received(self, data: bytes) -> None:
        self._line += data
        *lines, self._line = re.split(rb"\r\n?", self._line)
        self._waiting += [line.lstrip(b"\n") for line in lines]
        self._next()

    def _next(self) -> None:
        while self._waiting and not self._busy:
            line = self._waiting.pop(0)
            if line:
                self._obey(line)

    def _obey(self, line: bytes) -> None:
        if self._echo:
            self._port.send(line + b"\r")
        command = line.decode(errors="replace")
        self.commands.append(command)
        if command in self._held:
            self._busy = True
            self._held[command] = lambda: self._carry_out(command)
            self._holding.notify_all()
        else:
            self._carry_out(command)

    def _carry_out(self, command: str) -> None:
        self._busy = True
        then: Callable[[], None] | None = None
        try:
            lines, then = self._dispatch(command)
            answer = "".join(f"\r\n{line}\r\n" for line in [*lines, OK])
        except RefusedError as refusal:
            self.refused.append((command, refusal.number))
            text = f"+CME ERROR: {refusal.number}" if self._numbers else "ERROR"
            answer = f"\r\n{text}\r\n"

        boots = self._boots

        def finish() -> None:
            if boots != self._boots:
                return  # it was restarted before it could answer
            self._port.send(answer.encode())
            self._busy = False
            if then is not None:
                then()
            self._next()

        if command in self._held_answers:
            self._held_answers[command] = finish
            self._holding.notify_all()
        elif self.traits.ok_delay and command.startswith("AT+MQTT"):
            self.loop.later(self.traits.ok_delay, finish)
        else:
            finish()

    def _dispatch(self, command: str) -> tuple[list[str], Callable[[], None] | None]:
        name, equals, arguments = command.partition("=")
        name = name.upper()
        if len(command) >= LINE_LIMIT:
            raise RefusedError(BAD_PARAMETER)
        if command.upper() in _READINGS:
            return _READINGS[command.upper()], None
        if name in ("AT+CGMM", "ATI"):
            return [self.traits.model], None
        if name in ("ATE0", "ATE1"):
            self._echo = name == "ATE1"
            return [], None
        if name == "AT+CMEE" and equals:
            self._numbers = arguments != "0"
            return [], None
        if name in ("AT+SM", "AT+CFUN", "AT+CEREG", "AT+CGATT", "ATV1", "ATQ0"):
            return [], None
        if name in ("AT+NRB", "AT+CMRB"):
            self.loop.later(0, self.reboot)
            return [], None
        if name.startswith("AT+MQTT"):
            return self._mqtt(name.removeprefix("AT+MQTT"), equals + arguments)
        raise RefusedError(4)

    def _mqtt(self, name: str, rest: str) -> tuple[list[str], Callable[[], None] | None]:
        client, arguments = self.client, rest[1:]
        if name + rest == "STAT?":
            return [f"+MQTTSTAT:{client.state}"], None
        if name + rest == "SUB?":
            return ["+MQTTSUB:", *client.table], None
        if name + rest == "CFG?":
            return [self._configuration()], None
        if name == "CFG":
            host, port, client_id, keepalive, user, password, clean = _parts(_CFG, arguments)
            numbers = int(port), client_id, int(keepalive)
            client.configure(Config(host, *numbers, user, password, clean == "1"))
            return [], None
        if name == "OPEN":
            if len(re.findall(r'"[^"]*"|[^,]+', arguments)) not in (3, 5, 7):
                raise RefusedError(BAD_PARAMETER)
            return [], client.open()
        if name == "DISC" and not rest:
            return [], client.disconnect()
        if name == "DEL" and not rest:
            client.delete()
            return [], None
        if name == "PUB":
            topic, qos, _retain, _dup, length, text = _parts(_PUB, arguments)
            return [], client.publish(topic, _payload(int(length), text), int(qos))
        if name == "SUB":
            quoted, bare, qos = _parts(_SUB, arguments)
            return [], client.subscribe(quoted or bare, int(qos or 0))
        if name == "UNSUB":
            return [], client.unsubscribe(arguments.strip('"'))
        self._setting(name, arguments)
        return [], None

    def _setting(self, name: str, arguments: str) -> None:
        if not arguments.isdecimal():
            raise RefusedError(BAD_PARAMETER)
        if name == "TO":
            self.client.ack_timeout = int(arguments)
        elif name == "PING":
            self.client.ping_report = arguments == "1"
        elif name == "REC":
            self.client.reconnects = arguments != "0"
        else:
            raise RefusedError(4)

    def _configuration(self) -> str:
        config = self.client.config
        if config is None:
            return '+MQTTCFG:"(null)",0,"(null)",0,"(null)",***,0'
        names = f'"{config.host}",{config.port},"{config.client_id}",{config.keepalive}'
        return f'+MQTTCFG:{names},"{config.username}",***,{int(config.clean)}'


def _parts(form: re.Pattern[str], arguments: str) -> tuple[str, ...]:
    match = form.fullmatch(arguments)
    if match is None:
        raise RefusedError(BAD_PARAMETER)
    return tuple(part or "" for part in match.groups())


def _payload(length: int, text: str) -> bytes:
    """The message of AT+MQTTPUB: text (length 0), or hex of so many bytes; quotes are optional."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if length == 0:
        return text.encode()
    try:
        payload = bytes.fromhex(text)
    except ValueError:
        raise RefusedError(BAD_PARAMETER) from None
    if len(payload) != length:
        raise RefusedError(BAD_PARAMETER)
    return payload
