"""One modem on a bad line: publishes all the time, while somebody breaks its module."""

from __future__ import annotations

import collections
import contextlib
import random
import threading
import time
from pathlib import Path

import m531x
from ledger import Direction, write
from remote_peer import down, filling, up

MODELS = ("M5310-A", "M5311", "M5312", "M5313")
FIRMWARES = ("vendor", "manual")
# These lose nothing that the module has taken from the broker.
HARMLESS: tuple[dict[str, object], ...] = (
    # Smaller pieces make a line that is slower than what is sent to it.
    {"split-writes": 24},
    {"merge-writes": 40},
    {"delay": "1-60"},
    {"urc-in-response": 0.2},
    {"late-ack": "any:300"},
    {"lost-ack": "any:1/60"},
)
# These eat what is on its way to the computer.
HARMFUL: tuple[dict[str, object], ...] = (
    {"garbage": 0.02},
    {"drop-bytes": 0.0005},
    {"declared-longer": "4:1/50"},
    {"no-final-crlf": 0.02},
)
_SLEEP: dict[str, object] = {"sleep": 2}
_WHOLE: dict[str, object] = {"short-message": "off"}
_RECOVERY = m531x.Recovery(initial_delay=0.2, max_delay=5.0)
_WINDOW = 50
_NOISE = "soak/noise"
_SETTLED_IN = 180.0


class Line:
    """A virtual modem that is broken again and again, and the modem that has to bear it.

    Args:
        number: Which line this is.
        gentle: Only faults after which no message may be missing in either direction; else all
            kinds of faults, and now and then another module or another `m531x.Modem`.
        broker: ``host:port``.
        link: Where the port is.
        seed: Makes the faults repeat, though not their effects.
        rate: Publishes a second.
        firmware: The lineage that its modules have; None takes another one for each module.
    """

    def __init__(
        self,
        number: int,
        *,
        gentle: bool,
        broker: str,
        link: Path,
        seed: int,
        rate: float,
        firmware: str | None,
    ) -> None:
        """Opens the modem, connects and subscribes."""
        self.gentle = gentle
        self.upward, self.downward = Direction(), Direction()
        self._recoveries: collections.Counter[str] = collections.Counter()
        self.actions: collections.Counter[str] = collections.Counter()
        self.unexpected: list[str] = []
        # An OK from elsewhere for a command that was slept through is as good as the module's own.
        self._sleeps = number % 4 == 1
        self._number, self._broker, self._link, self._rate = number, broker, str(link), rate
        self._choice = random.Random(seed * 1000 + number)
        self._firmware = firmware
        self._room = threading.Semaphore(_WINDOW)
        self._virtual = self._start_module()
        self._modem = self._open_modem()

    def _start_module(self) -> m531x.VirtualModem:
        faults: dict[str, object] = {}
        for fault in self._choice.sample(HARMLESS, 2):
            faults |= fault
        if self.gentle:
            # A module that prints part of a message and acknowledges it loses the rest.
            faults |= _WHOLE
        else:
            harmful = (*HARMFUL, _SLEEP) if self._sleeps else HARMFUL
            faults |= self._choice.choice(harmful)
        return m531x.VirtualModem(
            self._choice.choice(MODELS),
            broker=self._broker,
            link=self._link,
            firmware=self._firmware or self._choice.choice(FIRMWARES),
            faults=faults,
            seed=self._choice.randrange(1 << 32),
        )

    def _open_modem(self) -> m531x.Modem:
        """A gateway's own patience: the module may be restarting just now."""
        client_id = f"line-{self._number}"
        while True:
            modem = None
            try:
                modem = m531x.Modem(self._link, recovery=_RECOVERY)
                modem.on_message = self._take_stray
                modem.on_event = self._take_event
                modem.connect(
                    "broker.example",
                    client_id=client_id,
                    clean_session=False,
                    keepalive=20,
                    ack_timeout=3,
                )
                modem.subscribe(down(self._number), qos=1, callback=self._take)
            except m531x.M531xError as error:
                self.actions[f"opening failed: {error.code.name}"] += 1
                if modem is not None:
                    self._count_recoveries(modem)
                    modem.close()
                time.sleep(0.2)
            else:
                return modem

    def _take(self, message: m531x.Message) -> None:
        self.downward.arrive(message.payload, message.truncated or message.ambiguous)

    def _take_stray(self, _message: m531x.Message) -> None:
        """Nobody publishes anywhere else: this one was made of a payload."""
        self.downward.forge()

    def _take_event(self, event: m531x.Event) -> None:
        if event.kind == m531x.EventKind.RESUBSCRIBED and event.value != 1:
            self.actions[f"subscribed again: {event.value}"] += 1

    def publish(self, stop: threading.Event) -> None:
        """Publishes until told to stop, and changes the modem if this is not a gentle line."""
        change = time.monotonic() + self._choice.uniform(60, 240)
        while not stop.wait(1 / self._rate):
            while not self._room.acquire(timeout=0.5):
                if stop.is_set():
                    return
            self._publish_one()
            if not self.gentle and time.monotonic() > change:
                self.change_modem()
                change = time.monotonic() + self._choice.uniform(60, 240)

    def _publish_one(self) -> None:
        if self._choice.random() < 0.3:
            # Nothing is promised for these; some firmware counts them among the packet ids.
            with contextlib.suppress(m531x.M531xError):
                self._modem.publish_nowait(_NOISE, b"?", qos=0)
        number = self.upward.next_number()

        def ended(delivery: m531x.Delivery) -> None:
            try:
                delivery.wait(0)
            except m531x.M531xError as error:
                self.upward.fail(number, f"{error.code.name}: {error}")
            self._room.release()

        try:
            delivery = self._modem.publish_nowait(
                up(self._number),
                write(number, filling(self._choice)),
                qos=self._choice.choice((1, 1, 1, 2)),
            )
        except m531x.M531xError as error:
            self.upward.fail(number, f"{error.code.name}: {error}")
            self._room.release()
        else:
            delivery.add_done_callback(ended)

    def change_modem(self) -> None:
        """Waits for what is under way, closes the modem and opens the port anew."""
        self.settle(_SETTLED_IN)
        modem = self._modem
        del self._modem
        self._count_recoveries(modem)
        modem.close()
        self.actions["modem closed and opened"] += 1
        self._modem = self._open_modem()

    def settle(self, seconds: float) -> bool:
        """Waits until every publish has ended; whether they have."""
        deadline = time.monotonic() + seconds
        taken = 0
        while taken < _WINDOW and self._room.acquire(timeout=max(0, deadline - time.monotonic())):
            taken += 1
        if taken:
            self._room.release(taken)
        return taken == _WINDOW

    def misuse(self, stop: threading.Event) -> None:
        """Breaks something every few seconds until told to stop, then mends everything."""
        self._stop = stop
        breaks = [self._cut_network]
        if not self.gentle:
            breaks += [self._reboot, self._replace_module]
            breaks.append(self._sleep if self._sleeps else self._inject)
        while not stop.wait(self._choice.uniform(2, 15)):
            self._choice.choice(breaks)()
        self._virtual.restore_network()

    def _cut_network(self) -> None:
        self.actions["network cut"] += 1
        self._virtual.cut_network()
        self._stop.wait(self._choice.uniform(0.5, 40))
        self._virtual.restore_network()

    def _reboot(self) -> None:
        self.actions["module rebooted"] += 1
        self._virtual.reboot()

    def _sleep(self) -> None:
        self.actions["module put to sleep"] += 1
        self._virtual.sleep()

    def _inject(self) -> None:
        self.actions["stray lines injected"] += 1
        self._virtual.inject(self._choice.choice((b"\r\nOK\r\n", b"\r\nERROR\r\n", b"\xff\x00+MQ")))

    def _replace_module(self) -> None:
        self.actions["port gone, another module"] += 1
        self._virtual.close()
        self._stop.wait(self._choice.uniform(0, 5))
        self._virtual = self._start_module()

    def _count_recoveries(self, modem: m531x.Modem) -> None:
        stats = modem.stats()
        self._recoveries.update(stats.recoveries_by_cause)
        if stats.callback_errors or stats.dropped:
            self.unexpected.append(
                f"line {self._number}: {stats.callback_errors} errors in callbacks, "
                f"{stats.dropped} entries dropped"
            )

    def recovered(self) -> collections.Counter[str]:
        """Recoveries by cause so far, those of the modem in use included."""
        modem = getattr(self, "_modem", None)
        if modem is None:
            return self._recoveries
        return self._recoveries + collections.Counter(modem.stats().recoveries_by_cause)

    def close(self) -> None:
        """Closes the modem and its module."""
        self._count_recoveries(self._modem)
        # A module that sleeps or loses bytes need not answer.
        with contextlib.suppress(m531x.M531xError):
            self._modem.disconnect()
        self._modem.close()
        self._virtual.close()
        # A closed modem keeps its file descriptors until nobody can call it any more.
        del self._modem, self._virtual
