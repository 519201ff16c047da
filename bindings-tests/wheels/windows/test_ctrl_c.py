"""Ctrl-C as Python sees it; the console's own key is in bindings-tests/dll/command."""

import _thread
import threading
import time
from collections.abc import Callable

import pytest

import m531x


@pytest.mark.parametrize(
    "wait",
    [
        lambda modem: modem.receive(),
        lambda modem: next(modem.messages()),
        lambda modem: modem.wait_for_network(timeout=60),
    ],
    ids=["receive", "messages", "wait_for_network"],
)
def test_it_ends_a_wait_at_once_and_the_modem_goes_on(
    wait: Callable[[m531x.Modem], object],
) -> None:
    with (
        m531x.VirtualModem("M5311", faults=["registration=2"]) as virtual,
        m531x.Modem(virtual.port) as modem,
    ):
        timer = threading.Timer(0.3, _thread.interrupt_main)
        begun = time.monotonic()
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            wait(modem)
        timer.join()
        assert time.monotonic() - begun < 20
        assert modem.command("AT") == []
