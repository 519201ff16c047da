"""The process that publishes and is killed: sender.py PORT OUTBOX IN_FLIGHT FIRST PAUSE.

It prints "ready" once SIGTERM ends it in order, and the number of each message once it is accepted;
every fifth has QoS 2, the others QoS 1. Between them go publishes of QoS 0, for which nothing is
promised. After SIGTERM it publishes nothing more and prints "empty" once the broker has
acknowledged everything.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time

import m531x

SOON = m531x.Recovery(initial_delay=0.1, max_delay=0.5)
TOPIC = "kill/numbers"
NOISE = "kill/noise"


def opened(port: str, outbox: m531x.Outbox) -> m531x.Modem:
    """The modem, as soon as there is one."""
    while True:
        try:
            return m531x.Modem(port, model="M5310-A", outbox=outbox, recovery=SOON)
        except (m531x.PortError, m531x.ModemTimeoutError):
            time.sleep(0.05)


def stay_connected(modem: m531x.Modem) -> None:
    """Connects, as soon as that is possible; the recovery does the rest."""
    while not modem.closed:
        try:
            modem.connect("broker.example", client_id="sender", ack_timeout=2, timeout=5)
        except m531x.ClosedError:
            return
        except m531x.M531xError:
            time.sleep(0.05)
        else:
            return


def say(text: str) -> None:
    """One write, so that a kill does not cut a line."""
    os.write(1, f"{text}\n".encode())


def make_noise(modem: m531x.Modem) -> None:
    """A publish of QoS 0 that may come to nothing: it takes a packet id on some firmware."""
    with contextlib.suppress(m531x.M531xError):
        modem.publish_nowait(NOISE, "?", qos=0)


def main(port: str, outbox: m531x.Outbox, first: int, pause: float) -> None:
    """Publishes numbers until told to end."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    say("ready")
    modem = opened(port, outbox)
    threading.Thread(target=stay_connected, args=(modem,), daemon=True).start()
    number = first
    while not told.wait(pause):
        modem.publish_nowait(TOPIC, str(number), qos=2 if number % 5 == 0 else 1)
        say(str(number))
        if number % 3 == 0:
            make_noise(modem)
        number += 1
    while (stats := modem.stats().outbox) is not None and stats.messages:
        time.sleep(0.02)
    say("empty")
    modem.close()


if __name__ == "__main__":
    main(
        sys.argv[1],
        m531x.Outbox(sys.argv[2], in_flight=int(sys.argv[3])),
        int(sys.argv[4]),
        float(sys.argv[5]),
    )
