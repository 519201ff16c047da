"""A serial port behind a server that speaks RFC 2217, as pyserial and ser2net serve it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

import m531x
from rfc2217 import served

ANY_BYTES = bytes(range(256)) + b"\xff\xff\xf0\xff\xfa,"


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


@pytest.mark.parametrize("server", [served, _ser2net])
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


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"dtr": True, "rts": False}, ["dtr True", "rts False"]),
        ({"dtr": False}, ["dtr False"]),
        ({}, []),
    ],
)
def test_the_server_sets_dtr_and_rts(
    virtual: m531x.VirtualModem,
    options: dict[str, bool],
    expected: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines: list[str] = []
    with served(virtual.port, lines=lines) as url, m531x.Modem(url, **options) as modem:  # type: ignore[arg-type]
        assert modem.signal().raw
    assert lines == expected
    assert "no effect" not in caplog.text


def test_the_options_of_the_command_set_dtr_and_rts(virtual: m531x.VirtualModem) -> None:
    lines: list[str] = []
    with served(virtual.port, lines=lines) as url:
        command = [sys.executable, "-m", "m531x._command", "at", "--port", url]
        done = subprocess.run(
            [*command, "--dtr", "off", "--rts", "on", "AT"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "OK\n", "")
    assert lines == ["dtr False", "rts True"]


def test_a_port_without_dtr_and_rts_is_used_with_a_warning(
    virtual: m531x.VirtualModem, caplog: pytest.LogCaptureFixture
) -> None:
    for port in (virtual.port, "virtual://"):
        caplog.clear()
        with m531x.Modem(port, dtr=False, rts=True) as modem:
            assert modem.command("AT") == []
        warnings = [record for record in caplog.records if "no effect" in record.getMessage()]
        assert [record.levelname for record in warnings] == ["WARNING"]
        assert port in warnings[0].getMessage()

    async def main() -> None:
        async with m531x.aio.Modem("virtual://", rts=False) as modem:
            assert await modem.command("AT") == []

    caplog.clear()
    asyncio.run(main())
    assert caplog.text.count("no effect") == 1
    with pytest.raises(m531x.InvalidArgumentError, match="dtr"):
        m531x.Modem("virtual://", dtr="on")  # type: ignore[arg-type]


def test_a_server_that_restarts_is_used_again(
    virtual: m531x.VirtualModem, client_id: str, topic: str
) -> None:
    soon = m531x.Recovery(initial_delay=0.1)
    with contextlib.ExitStack() as stack:
        with served(virtual.port) as url:
            modem = stack.enter_context(m531x.Modem(url, recovery=soon))
            modem.connect("broker.example", client_id=client_id)
            subscription = modem.subscribe(topic, qos=1)
        delivery = modem.publish_nowait(topic, "after", qos=1)
        stack.enter_context(served(virtual.port, url.rpartition(":")[2]))
        assert delivery.wait(30).qos == 1
        assert next(subscription.messages(timeout=20)).text == "after"
