"""Whatever is given as an argument, an error is one of the package's, in one line."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import m531x

TEXTS = st.text(alphabet=st.characters(codec=None), max_size=40)
ODDITIES = st.sampled_from(
    [object(), int, print, Decimal(1), Fraction(1, 3), 1j, ..., datetime.timedelta(1), b"x", [b"x"]]
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**20),
    st.floats(),
    TEXTS,
    st.binary(max_size=40),
    st.binary(max_size=40).map(bytearray),
    st.binary(max_size=40).map(lambda data: memoryview(data)[::-2]),
    st.lists(st.integers(), max_size=3),
    ODDITIES,
)
# Repeatable, and without a limit that a busy machine would break.
QUICK = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@contextlib.contextmanager
def only_errors_of_the_package() -> Iterator[None]:
    text = "it is taken"
    try:
        yield
    except m531x.M531xError as error:
        text = str(error)
    assert text
    assert "\n" not in text


@pytest.fixture(scope="module")
def connected() -> Iterator[m531x.Modem]:
    with m531x.Modem("virtual://", recovery=None) as modem:
        modem.connect("broker.example", client_id="test")
        yield modem


@pytest.fixture(scope="module")
def closed() -> m531x.Modem:
    modem = m531x.Modem("virtual://")
    modem.close()
    return modem


@QUICK
@given(topic=ANYTHING, payload=ANYTHING, qos=ANYTHING, retain=ANYTHING, timeout=ANYTHING)
def test_publish(connected: Any, **arguments: Any) -> None:
    with only_errors_of_the_package():
        connected.publish(**arguments)
    with only_errors_of_the_package():
        connected.publish_nowait(**arguments)


@QUICK
@given(topic=st.just("t"), payload=ANYTHING, qos=st.sampled_from([0, 1, 2]))
def test_publish_of_any_payload(connected: Any, **arguments: Any) -> None:
    with only_errors_of_the_package():
        connected.publish(**arguments, timeout=10)


@QUICK
@given(topic=ANYTHING, qos=ANYTHING, callback=ANYTHING, hex=ANYTHING, timeout=ANYTHING)
def test_subscribe_and_unsubscribe(connected: Any, **arguments: Any) -> None:
    with only_errors_of_the_package():
        connected.subscribe(**arguments)
    with only_errors_of_the_package():
        connected.unsubscribe(arguments["topic"])
    for filter_ in connected.subscriptions():
        connected.unsubscribe(filter_)


@QUICK
@given(
    host=ANYTHING,
    port=ANYTHING,
    client_id=ANYTHING,
    username=ANYTHING,
    password=ANYTHING,
    keepalive=ANYTHING,
    clean_session=ANYTHING,
    tls=ANYTHING,
    will=ANYTHING,
    ack_timeout=ANYTHING,
    timeout=ANYTHING,
)
def test_connect(closed: Any, **arguments: Any) -> None:
    with only_errors_of_the_package():
        closed.connect(**arguments)


OTHERS: dict[str, Callable[[Any, Any], object]] = {
    "command": lambda modem, value: modem.command(value),
    "command timeout": lambda modem, value: modem.command("AT", timeout=value),
    "messages": lambda modem, value: modem.messages(value),
    "wait_for_network": lambda modem, value: modem.wait_for_network(value),
    "set_ack_timeout": lambda modem, value: modem.set_ack_timeout(value),
    "set_ping_report": lambda modem, value: modem.set_ping_report(value),
    "on_message": lambda modem, value: setattr(modem, "on_message", value),
    "on_event": lambda modem, value: setattr(modem, "on_event", value),
    "Will payload": lambda _, value: m531x.Will("t", value),
    "Message payload": lambda _, value: m531x.Message("t", value),
    "Message qos": lambda _, value: m531x.Message("t", b"", value),
}


@pytest.mark.parametrize("name", OTHERS)
@QUICK
@given(value=ANYTHING)
def test_every_other_argument(closed: Any, name: str, value: Any) -> None:
    with only_errors_of_the_package():
        OTHERS[name](closed, value)


OPTIONS = [
    "model",
    "baudrate",
    "command_timeout",
    "guard_time",
    "queue_size",
    "queue_bytes",
    "overflow",
    "trace",
    "recovery",
]


@pytest.mark.parametrize("name", OPTIONS)
@QUICK
@given(value=ANYTHING)
def test_every_option(name: str, value: Any) -> None:
    with only_errors_of_the_package():
        # The port does not exist: what is not refused ends there.
        m531x.Modem("/dev/m531x-does-not-exist", **{name: value})


RECOVERY = [field.name for field in dataclasses.fields(m531x.Recovery)]


@pytest.mark.parametrize("name", RECOVERY)
@QUICK
@given(value=ANYTHING)
def test_every_part_of_recovery(name: str, value: Any) -> None:
    with only_errors_of_the_package():
        recovery = m531x.Recovery(**{name: value})
        m531x.Modem("/dev/m531x-does-not-exist", recovery=recovery)


@QUICK
@given(value=ANYTHING.filter(lambda value: not isinstance(value, str)))
def test_an_outbox(value: Any) -> None:
    with only_errors_of_the_package():
        m531x.Modem("/dev/m531x-does-not-exist", outbox=value)


@QUICK
@given(value=ANYTHING)
def test_a_port(value: Any) -> None:
    with only_errors_of_the_package():
        m531x.Modem(value, command_timeout=0)
