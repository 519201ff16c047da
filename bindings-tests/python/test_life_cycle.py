"""How processes begin, call back and end, on every Python that the machine has."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import gc
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import m531x
import m531x.clouds
import m531x.doctor
import m531x.paho
import m531x.recording
from pythons import PYTHONS, run

Eventually = Callable[[Callable[[], bool]], None]

LEFT_OPEN = {
    "an open modem": "",
    "a connection": "modem.connect('b', client_id='c')",
    "a callback": "modem.on_message = print",
    "a subscription with callback": "connect().subscribe('a', callback=lambda message: None)",
    "deliveries": "deliveries = [connect().publish_nowait('a', str(n), qos=1) for n in range(50)]",
    "a done callback": "connect().publish_nowait('a', 'b').add_done_callback(lambda d: None)",
    "a thread that waits": (
        "import threading\n"
        "threading.Thread(target=lambda: list(modem.messages()), daemon=True).start()"
    ),
    "an iterator": "messages = modem.messages()",
    "a virtual modem": "virtual = m531x.VirtualModem(); other = m531x.Modem(virtual.port)",
    "a trace and the log": "import logging; logging.basicConfig(level=10, filename='/dev/null')",
}
OPEN = """
import m531x

modem = m531x.Modem("virtual://")

def connect():
    if modem.state is not m531x.MqttState.CONNECTED:
        modem.connect("b", client_id="c")
    return modem

"""


@pytest.mark.parametrize("version", PYTHONS)
def test_a_script_that_never_closes_ends_at_once_and_quietly(version: str) -> None:
    for name, left in LEFT_OPEN.items():
        begun = time.monotonic()
        script = run(version, OPEN + left + "\nprint('end')\n")
        assert script == (0, "end\n", ""), name
        assert time.monotonic() - begun < 10, name


@pytest.mark.parametrize("version", PYTHONS)
def test_a_loop_that_ends_under_an_open_modem_is_told_by_a_warning_only(version: str) -> None:
    script = run(
        version,
        """
        import asyncio, warnings
        from m531x import aio
        warnings.simplefilter("default", ResourceWarning)

        async def main():
            modem = await aio.Modem("virtual://")
            await modem.connect("b", client_id="c")
            await modem.subscribe("a", callback=lambda message: None)
            modem.publish_nowait("a", "b", qos=1)

        asyncio.run(main())
        print("end")
        """,
    )
    assert script[:2] == (0, "end\n")
    assert "Traceback" not in script.err


@pytest.mark.parametrize("version", PYTHONS)
def test_an_unhandled_exception_closes_the_port_and_is_the_one_that_is_shown(version: str) -> None:
    script = run(
        version,
        """
        import m531x
        virtual = m531x.VirtualModem()
        with m531x.Modem(virtual.port) as modem:
            modem.connect("b", client_id="c")
            raise LookupError("of the user")
        """,
    )
    assert script[:2] == (1, "")
    assert script.err.endswith("LookupError: of the user\n")
    assert script.err.count("Traceback") == 1


CONNECTED = """
import threading, m531x
done = threading.Event()
modem = m531x.Modem("virtual://")
modem.connect("broker.example", client_id="c")
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_an_exception_in_a_callback_is_reported_and_the_next_callback_runs(version: str) -> None:
    script = run(
        version,
        CONNECTED
        + """
def callback(message):
    if message.text == "bad":
        raise ValueError("of the callback")
    done.set()

modem.subscribe("t", callback=callback)
modem.publish("t", "bad")
modem.publish("t", "good")
print(done.wait(10), modem.stats().callback_errors)
modem.close()
""",
    )
    assert script[:2] == (0, "True 1\n")
    assert "Exception in thread m531x-dispatcher" in script.err
    assert script.err.endswith("ValueError: of the callback\n")


@pytest.mark.parametrize("version", PYTHONS)
def test_a_callback_may_close_the_modem(version: str) -> None:
    script = run(
        version,
        CONNECTED
        + """
def callback(message):
    modem.close()
    done.set()

modem.subscribe("t", callback=callback)
modem.publish_nowait("t", "close")
print(done.wait(10), modem.closed)
""",
    )
    assert script == (0, "True True\n", "")


@pytest.mark.parametrize("version", PYTHONS)
def test_a_callback_may_publish_subscribe_and_command(version: str) -> None:
    script = run(
        version,
        CONNECTED
        + """
def question(message):
    modem.subscribe("answer", callback=answer)
    print(modem.command("AT+CGMM"), modem.publish("answer", message.payload, qos=1).qos)

def answer(message):
    print(message.text)
    done.set()

modem.subscribe("question", callback=question)
modem.publish("question", "hello", qos=1)
print(done.wait(10))
modem.close()
""",
    )
    lines = sorted(script.out.splitlines())
    assert (script.code, lines, script.err) == (0, ["True", "['M5310-A'] 1", "hello"], "")


@pytest.mark.parametrize("version", PYTHONS)
def test_importing_is_quick_and_starts_no_thread(version: str) -> None:
    script = run(
        version,
        """
        import sys, time
        begun = time.process_time()
        import m531x
        took = time.process_time() - begun
        import os, threading
        threads = len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 1
        heavy = {"asyncio", "serial", "argparse", "matplotlib", "pandas", "pytest"}
        print(took < 1.0, threads, threading.active_count(), heavy & set(sys.modules))
        """,
    )
    assert script == (0, "True 1 1 set()\n", "")


@pytest.mark.parametrize("version", PYTHONS)
def test_a_subinterpreter_gets_one_clear_error(version: str) -> None:
    script = run(
        version,
        """
        import m531x, sys
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters

        code = "import sys; sys.path[:] = " + repr(sys.path) + "\\n" + (
            "try: import m531x\\n"
            "except ImportError as error: print(error, flush=True)"
        )
        interpreters.run_string(interpreters.create(), code)
        """,
    )
    error = "m531x works in the main interpreter only: use threads or processes"
    assert script == (0, f"{error}, not subinterpreters\n", "")


@pytest.mark.parametrize("version", PYTHONS)
def test_no_thread_runs_before_a_port_opens_nor_after_it_is_closed(version: str) -> None:
    script = run(
        version,
        """
        import os, time, m531x
        from m531x import aio

        def threads():
            return len(os.listdir("/proc/self/task"))

        def settled(count):
            deadline = time.monotonic() + 10
            while threads() != count and time.monotonic() < deadline:
                time.sleep(0.01)
            return threads() == count

        aio.Modem("virtual://")
        m531x.Will("t", "x")
        m531x.ports()
        print(threads())
        modem = m531x.Modem("virtual://")
        print(threads() > 1)
        modem.close()
        print(settled(1))
        """,
    )
    assert script == (0, "1\nTrue\nTrue\n", "")


def test_a_modem_that_is_dropped_open_warns_as_a_file_does() -> None:
    modem = m531x.Modem("virtual://")
    with pytest.warns(ResourceWarning, match="unclosed <m531x.Modem 'virtual://'"):
        del modem


def forget() -> weakref.ref[m531x.Modem]:
    """Leaves a modem behind whose callbacks refer to it, directly and through other objects."""
    modem = m531x.Modem("virtual://")
    modem.connect("broker.example", client_id="test")
    modem.on_connect = modem.stats
    modem.on_message = lambda _message: modem.publish("other", "x")
    modem.subscribe("t", callback=lambda _message: modem.publish("other", "x"))
    modem.publish("t", "x", qos=1)
    modem.publish_nowait("t", "x", qos=1).add_done_callback(lambda _: modem.stats())
    return weakref.ref(modem)


def test_a_forgotten_modem_is_collected_although_its_callbacks_refer_to_it(
    expect_collected: Callable[[Callable[[], weakref.ref[Any]]], None],
) -> None:
    expect_collected(forget)


def test_a_half_built_modem_closes_quietly() -> None:
    class Meter(m531x.Modem):
        def __init__(self) -> None:
            self.close()
            with self:
                pass
            raise LookupError("no such meter")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(LookupError):
            Meter()
        del_errors: list[object] = []
        hook, sys.unraisablehook = sys.unraisablehook, del_errors.append
        try:
            gc.collect()
        finally:
            sys.unraisablehook = hook
    assert del_errors == []


PUBLIC = ("m531x", "aio", "paho", "clouds", "doctor", "recording")


def shown_classes() -> Iterator[type]:
    """The public classes that are written by hand, and `Outbox`; of results Python takes care."""
    for name in PUBLIC:
        module = m531x if name == "m531x" else getattr(m531x, name)
        for shown in (getattr(module, each) for each in module.__all__):
            if not isinstance(shown, type) or shown in (m531x.Message, m531x.recording.Trace):
                continue  # these are built by ``__new__``
            result = dataclasses.is_dataclass(shown) and shown is not m531x.Outbox
            if not result and not issubclass(shown, (BaseException, enum.Enum, tuple)):
                yield shown


@pytest.mark.parametrize("shown", [*shown_classes()], ids=lambda shown: str(shown.__module__))
def test_a_half_built_object_is_shown_and_closed_quietly(shown: type) -> None:
    half_built: Any = object.__new__(shown)
    assert repr(half_built)
    closed = half_built.close() if hasattr(half_built, "close") else None
    if asyncio.iscoroutine(closed):
        asyncio.run(closed)


def test_a_modem_whose_thread_cannot_start_gives_its_port_back(
    virtual: m531x.VirtualModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeError, match="can't start"):
            m531x.Modem(virtual.port)
        gc.collect()
    monkeypatch.undo()
    m531x.Modem(virtual.port).close()


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
