"""Ctrl-C ends any wait at once, and a process with an open modem ends cleanly."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from typing import Any

import pytest

import m531x

# Every call here waits for something that does not come for at least ten seconds.
WAITS = {
    "open": "m531x.Modem(silent_port())",
    "connect": "deaf().connect('b', client_id='c', timeout=60)",
    "publish": "connected('lost-ack=puback').publish('a', 'b', qos=1, timeout=60)",
    "delivery": "connected('lost-ack=puback').publish_nowait('a', 'b', qos=1, timeout=60).wait(60)",
    "command": "deaf().command('AT+CSQ', timeout=60)",
    "messages": "next(iter(connected().messages(timeout=60)))",
    "messages for ever": "next(iter(connected().messages()))",
    "subscription messages": "next(iter(connected().subscribe('a').messages(timeout=60)))",
}

PROLOGUE = """
import os, pty, sys, tty
import m531x

kept = []

def silent_port():
    master, slave = pty.openpty()
    tty.setraw(master)
    kept.extend([master, slave])
    return os.ttyname(slave)

def connected(*faults):
    virtual = m531x.VirtualModem(faults=faults)
    modem = m531x.Modem(virtual.port)
    kept.extend([virtual, modem])
    modem.connect('b', client_id='c')
    return modem

def deaf():
    # A modem whose module stops answering: the other end of this terminal is a script.
    import threading
    master, slave = pty.openpty()
    tty.setraw(master)
    answering = True
    def answer():
        line = b''
        while True:
            byte = os.read(master, 1)
            if byte != b'\\r':
                line += byte.strip()
                continue
            if answering:
                os.write(master, b'\\r\\nM5310-A\\r\\n' if b'GMM' in line else b'')
                os.write(master, b'\\r\\nOK\\r\\n')
            line = b''
    threading.Thread(target=answer, daemon=True).start()
    modem = m531x.Modem(os.ttyname(slave), model='M5310-A')
    kept.append(modem)
    answering = False
    return modem

"""

EPILOGUE = """
finally:
    for thing in reversed(kept):
        if hasattr(thing, "close"):
            thing.close()
"""


def _interrupted(call: str, folder: Any) -> tuple[float, int, str]:
    script = folder / "script.py"
    lines = [
        textwrap.dedent(PROLOGUE),
        "try:",
        "    sys.stdout.write('ready\\n'); sys.stdout.flush()",
        "    try:",
        f"        {call}",
        "    except KeyboardInterrupt:",
        "        print('interrupted', flush=True)",
        textwrap.dedent(EPILOGUE).strip("\n"),
    ]
    script.write_text("\n".join(lines))
    process = subprocess.Popen(
        [sys.executable, "-W", "error", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(1.0)  # the call is under way
    assert process.poll() is None, process.stdout.read()
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    try:
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    return time.monotonic() - begun, process.returncode, out


@pytest.mark.parametrize("name", WAITS)
def test_ctrl_c_ends_the_wait_at_once(name: str, tmp_path: Any) -> None:
    took, code, out = _interrupted(WAITS[name], tmp_path)
    assert out == "interrupted\n"
    assert code == 0
    assert took < 1.5


def test_after_ctrl_c_the_modem_goes_on(run_script: Callable[..., Any]) -> None:
    script = run_script(
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
        """
    )
    assert (script.code, script.out, script.err) == (0, "interrupted\n1\n", "")


def test_after_ctrl_c_in_an_opening_the_port_is_free(run_script: Callable[..., Any]) -> None:
    script = run_script(
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
        """
    )
    assert (script.code, script.out, script.err) == (0, "interrupted\ninterrupted\n", "")


LEFT_OPEN = {
    "an open modem": "",
    "a callback": "modem.on_message = print",
    "a subscription with callback": "modem.subscribe('a', callback=print)",
    "a delivery under way": "modem.publish_nowait('a', 'b', qos=1)",
    "a done callback": "modem.publish_nowait('a', 'b', qos=1).add_done_callback(lambda d: None)",
    "a thread that waits": (
        "import threading\n"
        "threading.Thread(target=lambda: list(modem.messages()), daemon=True).start()"
    ),
}


@pytest.mark.parametrize("name", LEFT_OPEN)
def test_a_script_that_forgets_close_ends_cleanly(
    name: str, run_script: Callable[..., Any]
) -> None:
    script = run_script(
        "import m531x\n"
        "modem = m531x.Modem('virtual://')\n"
        "modem.connect('b', client_id='c')\n" + LEFT_OPEN[name] + "\nprint('end')\n"
    )
    assert (script.code, script.out, script.err) == (0, "end\n", "")


def test_a_modem_that_is_dropped_open_warns_as_a_file_does() -> None:
    modem = m531x.Modem("virtual://")
    with pytest.warns(ResourceWarning, match="unclosed <m531x.Modem 'virtual://'"):
        del modem


@pytest.mark.parametrize("state", ["open", "connected", "publishing", "callback"])
def test_close_is_quick_from_any_state(state: str) -> None:
    faults = ["lost-ack=puback"] if state == "publishing" else []
    with m531x.VirtualModem(faults=faults) as virtual:
        modem = m531x.Modem(virtual.port)
        if state != "open":
            modem.connect("b", client_id="c")
        if state == "publishing":
            modem.publish_nowait("a", "b", qos=1)
        if state == "callback":
            modem.on_message = print
        begun = time.monotonic()
        modem.close()
        assert time.monotonic() - begun < 5  # it waits for nothing; the bench measures the 50 ms
