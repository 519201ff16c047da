"""Fixtures for tests of programs that use a modem; pytest loads them (entry point pytest11).

`virtual_modem` is a simulated module with a broker of its own; `modem` is an open `m531x.Modem` on
it. With ``--m531x-port`` the same tests run on real hardware: `modem` opens that port, and tests
that use `virtual_modem` are skipped. The report of a failed test includes the traffic on the line,
with passwords and PINs as ``***``.

The marker ``m531x`` configures both fixtures for one test::

    @pytest.mark.m531x(model="M5311", faults=["lost-ack=puback:1/3"])
    def test_publishes_survive_lost_acknowledgements(modem): ...

``@pytest.mark.m531x(hardware=True)`` skips a test unless ``--m531x-port`` is given.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from m531x import Modem, VirtualModem

__all__ = ["modem", "virtual_modem"]

_LINES_IN_REPORT = 200
_VIRTUAL_OPTIONS = ("broker", "baudrate", "faults", "seed", "echo", "firmware", "network")
_OWN_OPTIONS = ("model", "hardware", *_VIRTUAL_OPTIONS)
_NO_VIRTUAL = "it uses virtual_modem, and --m531x-port names a real one"

_modem_key = pytest.StashKey[Modem]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the command-line options."""
    group = parser.getgroup("m531x", "M531x modems")
    group.addoption(
        "--m531x-port",
        metavar="PORT",
        help="run tests that use the fixture `modem` on this port instead of on a virtual modem",
    )
    group.addoption(
        "--m531x-model",
        metavar="MODEL",
        help="the model to play, or the one at --m531x-port (default: M5310-A, or ask the module)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line(
        "markers",
        "m531x(model=None, broker=None, baudrate=None, faults=None, seed=None, echo=None, "
        "firmware=None, network=None, hardware=False): how the fixtures virtual_modem and modem "
        "are made; hardware=True runs the test only with --m531x-port",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips tests that cannot run here, before any fixture is made."""
    port = config.getoption("--m531x-port")
    for item in items:
        options = _options(item)
        fixtures: list[str] = getattr(item, "fixturenames", [])
        if port is None and options.get("hardware"):
            item.add_marker(pytest.mark.skip(reason="it needs hardware: give --m531x-port"))
        elif port is not None and "virtual_modem" in fixtures:
            item.add_marker(pytest.mark.skip(reason=_NO_VIRTUAL))
        elif port is not None and any(name in options for name in _VIRTUAL_OPTIONS):
            item.add_marker(
                pytest.mark.skip(reason="its marker asks for a virtual modem: not on --m531x-port")
            )


@pytest.fixture
def virtual_modem(request: pytest.FixtureRequest) -> Iterator[VirtualModem]:
    """A virtual modem on a pseudo-terminal with a broker of its own, closed after the test."""
    if request.config.getoption("--m531x-port") is not None:
        pytest.skip(_NO_VIRTUAL)
    options = _options(request.node)
    model = options.get("model") or request.config.getoption("--m531x-model") or "M5310-A"
    chosen = {name: options[name] for name in _VIRTUAL_OPTIONS if name in options}
    with VirtualModem(model, **chosen) as virtual:
        yield virtual


@pytest.fixture
def modem(request: pytest.FixtureRequest) -> Iterator[Modem]:
    """An open modem, closed after the test: on a virtual modem, or on ``--m531x-port``."""
    config = request.config
    model: str = _options(request.node).get("model") or config.getoption("--m531x-model") or "auto"
    real: str | None = config.getoption("--m531x-port")
    port: str = request.getfixturevalue("virtual_modem").port if real is None else real
    with Modem(port, model=model, trace=_LINES_IN_REPORT) as modem:
        request.node.stash[_modem_key] = modem
        yield modem


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the traffic on the line to the report of a failed test."""
    report = yield
    modem = item.stash.get(_modem_key, None)
    if report.failed and call.when in ("call", "teardown") and modem is not None:
        report.sections.append((f"m531x: {modem.port}", _transcript(modem)))
    return report


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


def _transcript(modem: Modem) -> str:
    trace = modem.trace()
    if not trace:
        return "nothing passed on the line"
    first = trace[0].timestamp
    arrows = {"command": ">", "state": "="}
    return "\n".join(
        f"{entry.timestamp - first:9.4f} {arrows.get(entry.kind, '<')} {entry.text}"
        for entry in trace
    )
