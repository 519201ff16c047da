"""The examples in C, compiled as a user does it and run against mosquitto."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import cffi
import pytest

from header import HEADER, ROOT, library, preprocessed
from mosquitto import Mosquitto
from tool import Tool

EXAMPLES = ROOT / "examples" / "c"
SECONDS = 30


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    ffi = cffi.FFI()
    ffi.cdef(preprocessed(tmp_path_factory.mktemp("header")))
    return Tool(ffi, ffi.dlopen(library()))


class Broker:
    """The clients on the other side of a mosquitto."""

    def __init__(self, port: int) -> None:
        self.port = str(port)

    def collect(self, topic: str) -> None:
        """From now on the broker keeps what is published there."""
        self._client("sub", "-i", "collector", "-c", "-q", "1", "-t", topic, "-E")

    def collected(self, topic: str, count: int) -> list[str]:
        """The first messages that it kept, waiting for them."""
        options = ("-c", "-q", "1", "-t", topic, "-v", "-C", str(count), "-W", str(SECONDS))
        return self._client("sub", "-i", "collector", *options).splitlines()

    def publish(self, topic: str, text: str) -> None:
        self._client("pub", "-q", "1", "-t", topic, "-m", text)

    def _client(self, which: str, *options: str) -> str:
        command = [f"mosquitto_{which}", "-h", "127.0.0.1", "-p", self.port, *options]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    mosquitto = Mosquitto(tmp_path_factory.mktemp("mosquitto"))
    yield Broker(mosquitto.ports[0])
    mosquitto.stop()


@pytest.fixture
def start_modem(tool: Tool, broker: Broker, tmp_path: Path) -> Iterator[Callable[[], float]]:
    """Starts a virtual modem at `tmp_path / "modem"`, towards the broker."""
    started: list[float] = []

    def start() -> float:
        handle, link = tool.u32(), str(tmp_path / "modem").encode()
        address = f"127.0.0.1:{broker.port}".encode()
        arguments = (address, link, handle, tool.text(), 256.0, tool.ffi.NULL)
        assert tool.call("m531x_virtual_modem_start", b"M5311", *arguments) == 0
        started.append(float(handle[0]))
        return started[-1]

    yield start
    for handle in started:
        tool.call("m531x_virtual_modem_stop", handle)


@pytest.fixture
def build(tmp_path: Path) -> Callable[[str], Path]:
    def compile_example(name: str) -> Path:
        (tmp_path / "libm531x.so.0").symlink_to(library())
        program = tmp_path / name
        command = ["cc", "-std=gnu99", "-Wall", "-Wextra", "-Werror", f"-I{HEADER.parent}"]
        command += [str(EXAMPLES / f"{name}.c"), str(tmp_path / "libm531x.so.0")]
        subprocess.run([*command, f"-Wl,-rpath,{tmp_path}", "-o", str(program)], check=True)
        return program

    return compile_example


def test_publish(
    build: Callable[[str], Path],
    broker: Broker,
    start_modem: Callable[[], float],
    tmp_path: Path,
) -> None:
    program = build("publish")
    subprocess.run([program], check=True, timeout=SECONDS)
    start_modem()
    broker.collect("meters/#")
    command = [program, tmp_path / "modem", "broker.example"]
    subprocess.run(command, check=True, timeout=SECONDS)
    assert broker.collected("meters/#", 1) == ["meters/17 21.5"]


def test_publish_says_what_is_wrong(build: Callable[[str], Path]) -> None:
    command = [build("publish"), "/dev/no-such-port", "broker.example"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert run.returncode == 1
    assert "/dev/no-such-port" in run.stderr
    assert "M531X_ERR_PORT_NOT_FOUND" in run.stderr


def test_subscribe_epoll_answers_each_message(
    build: Callable[[str], Path],
    broker: Broker,
    start_modem: Callable[[], float],
    tmp_path: Path,
) -> None:
    assert len((EXAMPLES / "subscribe_epoll.c").read_text().splitlines()) < 60
    start_modem()
    broker.collect("answers")
    command = [build("subscribe_epoll"), tmp_path / "modem", "broker.example", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        for number in range(3):
            broker.publish(f"questions/{number}", f"what is {number},1,x?")
        assert program.wait(SECONDS) == 0
    expected = [f"answers what is {number},1,x?" for number in range(3)]
    assert broker.collected("answers", 3) == expected


def test_gateway_comes_back_and_says_that_it_is_alive(
    build: Callable[[str], Path],
    broker: Broker,
    start_modem: Callable[[], float],
    tool: Tool,
    tmp_path: Path,
) -> None:
    watch = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    watch.bind(str(tmp_path / "notify"))
    watch.settimeout(SECONDS)
    environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
    modem = start_modem()
    broker.collect("gateway-1/reading")
    command = [build("gateway"), tmp_path / "modem", "broker.example", "1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        assert watch.recv(100) == b"READY=1"
        assert program.stdout.readline() == "connected\n"
        assert broker.collected("gateway-1/reading", 1) == ["gateway-1/reading 21.5"]
        assert watch.recv(100) == b"WATCHDOG=1"
        broker.publish("commands/led", "on")
        assert program.stdout.readline() == "command commands/led: on\n"
        tool.call("m531x_virtual_modem_stop", modem)
        assert program.stderr.readline().startswith("lost: ")
        start_modem()
        assert program.stdout.readline() == "connected\n"
        program.send_signal(signal.SIGTERM)
        assert program.wait(SECONDS) == 0
    watch.close()
