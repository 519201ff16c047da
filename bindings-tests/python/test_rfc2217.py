"""A serial port behind a server that speaks RFC 2217, as pyserial and ser2net serve it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import m531x

SERVER = Path(__file__).with_name("rfc2217_server.py")
ANY_BYTES = bytes(range(256)) + b"\xff\xff\xf0\xff\xfa,"


@contextlib.contextmanager
def _pyserial(device: str, port: str = "0") -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, SERVER, device, port],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"rfc2217://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


@contextlib.contextmanager
def _ser2net(device: str) -> Iterator[str]:
    program = shutil.which("ser2net") or shutil.which("ser2net", path="/usr/sbin")
    if program is None:
        pytest.skip("ser2net is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    connection = f"connection: &c\n  accepter: telnet(rfc2217),tcp,127.0.0.1,{port}\n"
    connection += f"  connector: serialdev,{device},9600n81,local\n"
    with subprocess.Popen([program, "-n", "-d", "-Y", connection]) as process:
        try:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            # It closes the device after the probe's connection, which takes it a moment.
            time.sleep(0.5)
            yield f"rfc2217://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.mark.parametrize("server", [_pyserial, _ser2net])
def test_messages_travel_both_ways_byte_for_byte(
    virtual: m531x.VirtualModem,
    client_id: str,
    topic: str,
    server: Callable[[str], contextlib.AbstractContextManager[str]],
) -> None:
    with server(virtual.port) as url, m531x.Modem(url) as modem:
        modem.connect("broker.example", client_id=client_id)
        subscription = modem.subscribe(topic, qos=1)
        assert modem.publish(topic, ANY_BYTES, qos=1).qos == 1
        assert next(subscription.messages(timeout=20)).payload == ANY_BYTES


def test_a_server_that_restarts_is_used_again(
    virtual: m531x.VirtualModem, client_id: str, topic: str
) -> None:
    soon = m531x.Recovery(initial_delay=0.1)
    with contextlib.ExitStack() as stack:
        with _pyserial(virtual.port) as url:
            modem = stack.enter_context(m531x.Modem(url, recovery=soon))
            modem.connect("broker.example", client_id=client_id)
            subscription = modem.subscribe(topic, qos=1)
        delivery = modem.publish_nowait(topic, "after", qos=1)
        stack.enter_context(_pyserial(virtual.port, url.rpartition(":")[2]))
        assert delivery.wait(30).qos == 1
        assert next(subscription.messages(timeout=20)).text == "after"
