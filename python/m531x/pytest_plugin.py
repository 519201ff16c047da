"""Fixtures for tests of programs that use a modem; pytest loads them (entry point pytest11).

- `modem` is an open `m531x.Modem`, `aio_modem` an `m531x.aio.Modem` that the test opens, and
  `modem_factory` opens further ones on the same broker.
- `virtual_modem` is the simulated module behind `modem`, with a broker of its own:
  ``virtual_modem.deliver(topic, payload)`` sends the program a message, and
  ``virtual_modem.published`` is what it has published.

With ``--m531x-port`` the same tests run on real hardware: the modems open these ports, and tests
that use `virtual_modem` are skipped. After each test the module is disconnected, its MQTT client
deleted and its port closed. The option may be repeated, or name a file with one port a line; each
worker of pytest-xdist then takes a port that is free.

The report of a failed test includes the traffic on the line, with passwords and PINs as ``***``.
Its traceback ends at the test's own line: the frames of this package are hidden (``--full-trace``
shows them).

The marker ``m531x`` configures the fixtures for one test::

    @pytest.mark.m531x(model="M5311", faults=["lost-ack=puback:1/3"])
    def test_publishes_survive_lost_acknowledgements(modem): ...

``@pytest.mark.m531x(hardware=True)`` skips a test unless ``--m531x-port`` is given.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from m531x import M531xError, Modem, VirtualModem, aio
from m531x._port_pool import PortPool, ports_of

__all__ = ["aio_modem", "modem", "modem_factory", "virtual_modem"]

_LINES_IN_REPORT = 200
# How long a test waits for the other tests to give a port back.
_PATIENCE_S = 600.0
# A test that has one port and wants another may wait for a test that does the same.
_PATIENCE_FOR_MORE_S = 60.0
_VIRTUAL_OPTIONS = ("broker", "baudrate", "faults", "seed", "echo", "firmware", "network")
_OWN_OPTIONS = ("model", "hardware", *_VIRTUAL_OPTIONS)
_NO_VIRTUAL = "it uses virtual_modem, and --m531x-port names a real one"

_ports_key = pytest.StashKey[list[str]]()
_modems_key = pytest.StashKey[list[Modem | aio.Modem]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the command-line options."""
    group = parser.getgroup("m531x", "M531x modems")
    group.addoption(
        "--m531x-port",
        metavar="PORT",
        action="append",
        help="run tests that use the fixture `modem` on this port instead of on a virtual modem; "
        "give it several times, or name a file with one port a line, to share them among the "
        "workers of pytest-xdist",
    )
    group.addoption(
        "--m531x-model",
        metavar="MODEL",
        help="the model to play, or the one at --m531x-port (default: M5310-A, or ask the module)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker, and hides the package's own frames in tracebacks of its errors."""
    config.addinivalue_line(
        "markers",
        "m531x(model=None, broker=None, baudrate=None, faults=None, seed=None, echo=None, "
        "firmware=None, network=None, hardware=False): how the fixtures virtual_modem and modem "
        "are made; hardware=True runs the test only with --m531x-port",
    )
    try:
        config.stash[_ports_key] = ports_of(config.getoption("--m531x-port") or [])
    except M531xError as error:
        raise pytest.UsageError(f"--m531x-port: {error}") from None
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "m531x":
            module.__dict__["__tracebackhide__"] = _is_error_of_package


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips tests that cannot run here, before any fixture is made."""
    real = bool(config.stash[_ports_key])
    for item in items:
        options = _options(item)
        fixtures: list[str] = getattr(item, "fixturenames", [])
        if not real and options.get("hardware"):
            item.add_marker(pytest.mark.skip(reason="it needs hardware: give --m531x-port"))
        elif real and "virtual_modem" in fixtures:
            item.add_marker(pytest.mark.skip(reason=_NO_VIRTUAL))
        elif real and any(name in options for name in _VIRTUAL_OPTIONS):
            item.add_marker(
                pytest.mark.skip(reason="its marker asks for a virtual modem: not on --m531x-port")
            )


@pytest.fixture
def virtual_modem(request: pytest.FixtureRequest) -> Iterator[VirtualModem]:
    """A virtual modem on a pseudo-terminal with a broker of its own, closed after the test."""
    if request.config.stash[_ports_key]:
        pytest.skip(_NO_VIRTUAL)
    with _virtual(request) as virtual:
        yield virtual


@pytest.fixture
def modem(request: pytest.FixtureRequest) -> Iterator[Modem]:
    """An open modem: on a virtual modem, or on one of ``--m531x-port``."""
    with _port(request, _PATIENCE_S) as port, _opened(request, port) as modem:
        yield modem


@pytest.fixture
def aio_modem(request: pytest.FixtureRequest) -> Iterator[aio.Modem]:
    """A modem for asyncio, which the test opens with ``async with aio_modem:``."""
    with _port(request, _PATIENCE_S) as port:
        modem = aio.Modem(port, model=_model(request), trace=_LINES_IN_REPORT)
        _note(request, modem)
        yield modem
        if modem._native is not None and not modem.closed:
            # Its loop may be gone, and the port must be free for the next test.
            modem._native.close()
        _leave(request, port)


@pytest.fixture
def modem_factory(request: pytest.FixtureRequest) -> Iterator[Callable[..., Modem]]:
    """Opens further modems: ``modem_factory(**options)``, with the options of `m531x.Modem`.

    On virtual modems they share one broker, that of `virtual_modem`. Each is closed after the test.
    """
    real = bool(request.config.stash[_ports_key])
    with contextlib.ExitStack() as stack:

        def make(**options: Any) -> Modem:
            if real:
                port = stack.enter_context(_port(request, _PATIENCE_FOR_MORE_S))
            else:
                first: VirtualModem = request.getfixturevalue("virtual_modem")
                broker = _options(request.node).get("broker") or first.broker
                port = stack.enter_context(_virtual(request, broker=broker)).port
            return stack.enter_context(_opened(request, port, **options))

        yield make


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the traffic on the line to the report of a failed test."""
    report = yield
    if report.failed and call.when in ("call", "teardown"):
        for modem in item.stash.get(_modems_key, list[Modem | aio.Modem]()):
            report.sections.append((f"m531x: {modem.port}", _transcript(modem)))
    return report


@contextlib.contextmanager
def _port(request: pytest.FixtureRequest, patience: float) -> Generator[str]:
    """The port to open, that of the virtual modem or a free one of the pool."""
    ports = request.config.stash[_ports_key]
    if not ports:
        yield request.getfixturevalue("virtual_modem").port
        return
    worker = re.fullmatch(r"gw(\d+)", os.environ.get("PYTEST_XDIST_WORKER", ""))
    with PortPool(ports, int(worker[1]) if worker else 0).lend(patience) as port:
        yield port


@contextlib.contextmanager
def _opened(request: pytest.FixtureRequest, port: str, **options: Any) -> Generator[Modem]:
    options = dict[str, Any](model=_model(request), trace=_LINES_IN_REPORT) | options
    modem = Modem(port, **options)
    _note(request, modem)
    try:
        yield modem
    finally:
        if not modem.closed:
            _end_client(modem)
            modem.close()
        else:
            _leave(request, port)


def _virtual(request: pytest.FixtureRequest, **options: Any) -> VirtualModem:
    given = _options(request.node)
    model = given.get("model") or request.config.getoption("--m531x-model") or "M5310-A"
    chosen = {name: given[name] for name in _VIRTUAL_OPTIONS if name in given}
    return VirtualModem(model, **(chosen | options))


def _leave(request: pytest.FixtureRequest, port: str) -> None:
    """Ends the client of a real module whose modem the test has closed."""
    if request.config.stash[_ports_key]:
        with contextlib.suppress(M531xError), Modem(port, model=_model(request)) as modem:
            _end_client(modem)


def _end_client(modem: Modem) -> None:
    """The next test finds the module without a connection and without a client."""
    for end in (modem.disconnect, modem.delete):
        with contextlib.suppress(M531xError):
            end()


def _note(request: pytest.FixtureRequest, modem: Modem | aio.Modem) -> None:
    request.node.stash.setdefault(_modems_key, []).append(modem)


def _model(request: pytest.FixtureRequest) -> str:
    model: str | None = request.config.getoption("--m531x-model")
    return _options(request.node).get("model") or model or "auto"


def _is_error_of_package(error: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether the frames of the package say nothing about an exception; those of a defect do."""
    return isinstance(error.value, M531xError)


def _options(node: pytest.Item) -> dict[str, Any]:
    """The arguments of the markers; the closest marker wins."""
    options: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("m531x"))):
        unknown = sorted(set(marker.kwargs) - set(_OWN_OPTIONS))
        if marker.args or unknown:
            what = ", ".join(unknown) or "positional arguments"
            raise pytest.UsageError(
                f"{node.nodeid}: the marker m531x does not take {what}: "
                f"give {', '.join(_OWN_OPTIONS)}"
            )
        options |= {name: value for name, value in marker.kwargs.items() if value is not None}
    return options


def _transcript(modem: Modem | aio.Modem) -> str:
    try:
        trace = modem.trace()
    except M531xError:
        return "it was not opened, or keeps no trace"
    if not trace:
        return "nothing passed on the line"
    first = trace[0].timestamp
    arrows = {"command": ">", "state": "="}
    return "\n".join(
        f"{entry.timestamp - first:9.4f} {arrows.get(entry.kind, '<')} {entry.text}"
        for entry in trace
    )
