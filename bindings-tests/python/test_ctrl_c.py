"""Ctrl-C ends every wait at once, on every Python that the machine has."""

from __future__ import annotations

import signal
import time

import pytest

from pythons import PYTHONS, begin, run

# What is made first, and what then waits for something that does not come for ten seconds at least.
WAITS = {
    "open": ("silent_port()", "m531x.Modem(it)"),
    "open over TCP": ("silent_server()", "m531x.Modem(it)"),
    "wait_for_network": ("deaf()", "it.wait_for_network(60)"),
    "connect": ("deaf(connected=False)", "it.connect('b', client_id='c', timeout=60)"),
    "publish": ("deaf()", "it.publish('a', 'b', qos=1, timeout=60)"),
    "publish, unacknowledged": ("unacknowledged()", "it.publish('a', 'b', qos=1, timeout=60)"),
    "delivery": ("unacknowledged()", "it.publish_nowait('a', 'b', qos=1, timeout=60).wait()"),
    "delivery, timeout": ("unacknowledged()", "it.publish_nowait('a', 'b', qos=1).wait(60)"),
    "subscribe": ("deaf()", "it.subscribe('a', timeout=60)"),
    "unsubscribe": ("deaf(subscribed=True)", "it.unsubscribe('s')"),
    "messages": ("connected()", "next(iter(it.messages(timeout=60)))"),
    "messages for ever": ("connected()", "next(iter(it.messages()))"),
    "subscription": ("connected().subscribe('a')", "next(iter(it.messages(timeout=60)))"),
    "command": ("deaf()", "it.command('AT+CSQ', timeout=60)"),
    "status": ("deaf()", "it.status()"),
    "config": ("deaf()", "it.config()"),
    "info": ("deaf()", "it.info()"),
    "signal": ("deaf()", "it.signal()"),
    "wake": ("deaf()", "it.wake()"),
    "reboot": ("deaf()", "it.reboot()"),
    "set_ack_timeout": ("deaf()", "it.set_ack_timeout(5)"),
    "set_ping_report": ("deaf()", "it.set_ping_report(True)"),
    "disconnect": ("deaf()", "it.disconnect()"),
    "delete": ("deaf(connected=False)", "it.delete()"),
    "asyncio, open": ("silent_server()", "asyncio.run(aio.Modem(it).open())"),
    "asyncio, command": (
        "Loop()",
        "asyncio.run(it.use(lambda modem: modem.command('AT', timeout=60)))",
    ),
    "asyncio, message": (
        "Loop()",
        "asyncio.run(it.use(lambda modem: modem.messages().__anext__()))",
    ),
}

SCRIPT = """
import asyncio, os, pty, socket, sys, threading, time, tty
import m531x
from m531x import aio

kept = []

def keep(thing):
    kept.append(thing)
    return thing

def silent_port():
    master, slave = pty.openpty()
    tty.setraw(master)
    return os.ttyname(slave)

def silent_server():
    server = keep(socket.create_server(("127.0.0.1", 0)))
    return f"tcp://127.0.0.1:{server.getsockname()[1]}"

class Line:
    "Carries bytes between a modem and a virtual modem, until it is cut."
    def __init__(self, module):
        self.server = keep(socket.create_server(("127.0.0.1", 0)))
        self.port = f"tcp://127.0.0.1:{self.server.getsockname()[1]}"
        self.cut = False
        host, _, port = module.removeprefix("tcp://").rpartition(":")
        self.module = keep(socket.create_connection((host, int(port))))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        self.computer = keep(self.server.accept()[0])
        threading.Thread(target=self.carry, args=(self.module, self.computer), daemon=True).start()
        self.carry(self.computer, self.module)

    def carry(self, source, target):
        try:
            while data := source.recv(4096):
                if not self.cut:
                    target.sendall(data)
        except OSError:
            pass

def connected(*faults):
    virtual = keep(m531x.VirtualModem(faults=faults, tcp="127.0.0.1:0"))
    modem = keep(m531x.Modem(virtual.port))
    modem.connect("b", client_id="c")
    return modem

def unacknowledged():
    return connected("lost-ack=puback")

def deaf(connected=True, subscribed=False):
    virtual = keep(m531x.VirtualModem(tcp="127.0.0.1:0"))
    line = Line(virtual.port)
    modem = keep(m531x.Modem(line.port, command_timeout=60))
    if connected:
        modem.connect("b", client_id="c")
    if subscribed:
        modem.subscribe("s")
    line.cut = True
    return modem

class Loop:
    def __init__(self):
        self.line = Line(keep(m531x.VirtualModem(tcp="127.0.0.1:0")).port)

    async def use(self, wait):
        async with aio.Modem(self.line.port) as modem:
            self.line.cut = True
            await wait(modem)

def tell_when_waiting():
    "From a thread that looks on: the main thread stays where it is, inside the package or asyncio."
    main, before = threading.main_thread().ident, None
    while True:
        frame = sys._current_frames()[main]
        where = (frame.f_code, frame.f_lasti)
        if where == before and frame.f_code.co_filename != "<string>":
            print("waiting", flush=True)
            return
        before = where
        time.sleep(0.1)

def main():
    for name, (setup, wait) in WAITS.items():
        it = eval(setup)
        threading.Thread(target=tell_when_waiting, daemon=True).start()
        # Not as a text: a KeyboardInterrupt in eval() of one sets the exit code, caught or not.
        wait = compile(wait, "<string>", "eval")
        try:
            eval(wait)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        for thing in reversed(kept):
            thing.close()
        kept.clear()

main()
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_ctrl_c_ends_every_wait_at_once(version: str) -> None:
    with begin(version, f"WAITS = {WAITS!r}\n" + SCRIPT) as process:
        assert process.stdout is not None
        for name in WAITS:
            line = process.stdout.readline()
            assert line == "waiting\n", name + line + process.stdout.read()
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "interrupted\n", name
            assert time.monotonic() - begun < 5, name
        assert process.stdout.read() == ""
        assert process.wait(20) == 0


@pytest.mark.parametrize("version", PYTHONS)
def test_after_ctrl_c_the_modem_goes_on(version: str) -> None:
    script = run(
        version,
        """
        import m531x, os, signal, threading
        with m531x.Modem("virtual://") as modem:
            modem.connect("b", client_id="c")
            threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
            try:
                next(iter(modem.messages()))
            except KeyboardInterrupt:
                print("interrupted")
            print(modem.publish("a", "b", qos=1).qos)
        """,
    )
    assert script == (0, "interrupted\n1\n", "")


@pytest.mark.parametrize("version", PYTHONS)
def test_after_ctrl_c_in_an_opening_the_port_is_free(version: str) -> None:
    script = run(
        version,
        """
        import m531x, os, pty, signal, threading, tty
        master, slave = pty.openpty()
        tty.setraw(master)
        for _ in range(2):
            threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
            try:
                m531x.Modem(os.ttyname(slave))
            except KeyboardInterrupt:
                print("interrupted")
        """,
    )
    assert script == (0, "interrupted\ninterrupted\n", "")
