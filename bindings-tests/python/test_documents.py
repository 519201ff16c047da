"""What the docstrings show works, and everything public has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import m531x
from m531x import aio, clouds, doctor, paho, recording

PACKAGE = Path(m531x.__file__).parent
# Their examples need matplotlib and pandas, and run with the notebooks.
ELSEWHERE = ("m531x._frames", "m531x.plot")
# It needs labgrid, has no example, and is tested by `make test-labgrid`.
LAB = {"m531x.labgrid", "m531x.labgrid._bases", "m531x.labgrid._driver", "m531x.labgrid._strategy"}


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = sorted(
    {_name(path) for path in PACKAGE.rglob("*.py")} - {"m531x.__main__", *ELSEWHERE} - LAB
)
# A part of the public API for each: what a user looks up first shows how it is used.
SHOWN = [
    m531x,
    m531x.Modem,
    m531x.Modem.publish,
    m531x.Modem.publish_nowait,
    m531x.Modem.subscribe,
    m531x.Modem.messages,
    m531x.Modem.command,
    m531x.Modem.connect,
    m531x.Modem.trace,
    m531x.VirtualModem,
    m531x.Delivery,
    m531x.Subscription,
    m531x.Message,
    m531x.Recovery,
    m531x.Will,
    recording.Trace,
    m531x.M531xError,
    m531x.ports,
    doctor.diagnose,
    paho,
    clouds,
    clouds.onenet,
    clouds.aliyun,
    clouds.tencent,
    recording.replay,
    aio,
    aio.Modem,
    aio.Delivery,
    aio.Subscription,
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert failed == 0


def test_the_example_of_the_native_message_runs() -> None:
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    text = m531x.Message.__doc__
    assert text is not None
    examples = parser.get_doctest(text, {"Message": m531x.Message}, "Message", None, None)
    assert examples.examples
    assert runner.run(examples).failed == 0


@pytest.mark.parametrize("thing", SHOWN, ids=lambda thing: thing.__name__)
def test_there_is_an_example_of_it(thing: object) -> None:
    assert ">>> " in (inspect.getdoc(thing) or "")


@pytest.mark.parametrize("name", [*MODULES, *ELSEWHERE])
def test_no_example_is_skipped(name: str) -> None:
    module = importlib.import_module(name)
    for test in doctest.DocTestFinder().find(module):
        assert not any(doctest.SKIP in example.options for example in test.examples), test.name


def _undocumented(thing: type, name: str) -> list[str]:
    missing = []
    for attribute in dir(thing):
        value = getattr(thing, attribute)
        public = not attribute.startswith("_")
        if public and (callable(value) or isinstance(value, property)) and not value.__doc__:
            missing.append(f"{name}.{attribute}")
    return missing


def test_everything_public_is_documented() -> None:
    missing = []
    for module in (m531x, aio, doctor, recording):
        for name in module.__all__:
            thing = getattr(module, name)
            if isinstance(thing, type):
                missing += [] if thing.__doc__ else [name]
                if not issubclass(thing, BaseException) and name != "Message":
                    missing += _undocumented(thing, name)
    assert missing == []
