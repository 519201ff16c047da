"""What the documentation shows works, and the types are what the package says."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import m531x

PACKAGE = Path(m531x.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__main__")


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    module = m531x if name == "__init__" else importlib.import_module(f"m531x.{name}")
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert failed == 0


def test_the_example_of_the_native_message_runs() -> None:
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    text = m531x.Message.__doc__
    assert text is not None
    examples = parser.get_doctest(text, {"Message": m531x.Message}, "Message", None, None)
    assert examples.examples
    assert runner.run(examples).failed == 0


def test_there_are_examples_at_all() -> None:
    finder = doctest.DocTestFinder()
    modem = importlib.import_module("m531x.modem")
    assert sum(len(test.examples) for test in finder.find(modem)) >= 2


def _undocumented(thing: object, name: str) -> list[str]:
    missing = []
    for attribute, value in vars(thing).items():
        public = not attribute.startswith("_")
        if public and (callable(value) or isinstance(value, property)) and not value.__doc__:
            missing.append(f"{name}.{attribute}")
    return missing


def test_everything_public_is_documented() -> None:
    missing = []
    for name in m531x.__all__:
        thing = getattr(m531x, name)
        if isinstance(thing, type):
            missing += [] if thing.__doc__ else [name]
            if not issubclass(thing, BaseException) and name != "Message":
                missing += _undocumented(thing, name)
    assert missing == []


def test_the_stub_is_the_native_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "m531x._native"],
        capture_output=True,
        text=True,
        check=False,
        cwd=PACKAGE.parent,
    )
    assert done.returncode == 0, done.stdout + done.stderr


USERS_SCRIPT = """
import m531x

def on_message(message: m531x.Message) -> None:
    print(message.topic.upper(), message.payload.hex(), message.qos + 1)

def on_disconnect(reason: str) -> None:
    print(reason.upper())

def work(port: str) -> list[str]:
    with m531x.Modem(port, model="M5310-A", overflow="drop_oldest") as modem:
        will = m531x.Will("will", "gone", qos=1)
        modem.connect("broker.example", client_id="typed", will=will)
        modem.on_message = on_message
        modem.on_disconnect = on_disconnect
        subscription = modem.subscribe("a/#", 1, on_message)
        receipt: m531x.Receipt = modem.publish("a", b"b", qos=subscription.granted_qos)
        delivery: m531x.Delivery = modem.publish_nowait("a", memoryview(b"b"))
        delivery.add_done_callback(lambda delivery: print(delivery.done()))
        if modem.status() is m531x.MqttState.CONNECTED and receipt.packet_id is not None:
            for message in modem.messages(timeout=1.0):
                print(message.text)
        return modem.command("AT+CSQ", timeout=1)
"""

WRONG = {
    'm531x.Modem("x", overflow="explode")': "arg-type",
    'm531x.Modem("x").publish("a", 5)': "arg-type",
    'm531x.Modem("x").connect("b")': "call-arg",
    'm531x.Modem("x").on_message = 5': "assignment",
    'm531x.Message("a", b"b").topic = "c"': "misc",
}


def _mypy(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file="]
    return subprocess.run(
        [*command, path], capture_output=True, text=True, check=False, cwd=path.parent
    )


def test_a_users_script_passes_mypy_strict_and_mistakes_do_not(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(USERS_SCRIPT)
    done = _mypy(script)
    assert done.returncode == 0, done.stdout
    script.write_text("import m531x\n" + "\n".join(WRONG) + "\n")
    done = _mypy(script)
    for line, code in enumerate(WRONG.values(), start=2):
        assert any(
            found.startswith(f"script.py:{line}:") and f"[{code}]" in found
            for found in done.stdout.splitlines()
        ), done.stdout


def test_the_package_passes_mypy_strict() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "-p", "m531x"],
        capture_output=True,
        text=True,
        check=False,
        cwd=PACKAGE.parent,
    )
    assert done.returncode == 0, done.stdout


def test_importing_is_quick_and_starts_nothing() -> None:
    code = (
        "import time; begun = time.perf_counter(); import m531x; "
        "took = time.perf_counter() - begun; import sys, threading; "
        "assert threading.active_count() == 1; "
        "assert not {'asyncio', 'serial', 'argparse'} & set(sys.modules); print(took)"
    )
    took = min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(3)
    )
    assert took < 1
