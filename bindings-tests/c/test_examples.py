"""The examples in C, compiled as a user does it and run against mosquitto."""

import os
import pty
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    """A mosquitto, and the clients on its other side."""

    def __init__(self, mosquitto: Mosquitto) -> None:
        self.mosquitto = mosquitto
        self.port = str(mosquitto.ports[0])

    def collect(self, topic: str) -> None:
        """From now on the broker keeps what is published there."""
        self._client("sub", "-i", "collector", "-c", "-q", "1", "-t", topic, "-E")

    def collected(self, topic: str, count: int) -> list[str]:
        """The first messages that it kept, waiting for them."""
        options = ("-c", "-q", "1", "-t", topic, "-v", "-C", str(count), "-W", str(SECONDS))
        return self._client("sub", "-i", "collector", *options).splitlines()

    def publish(self, topic: str, text: str) -> None:
        self._client("pub", "-q", "1", "-t", topic, "-m", text)

    @contextmanager
    def listening(self, topic: str) -> Iterator[Iterator[str]]:
        """The messages of a topic as they come, across restarts of the broker."""
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", self.port, "-i", "collector", "-c"]
        command += ["-q", "1", "-t", topic, "-W", "120"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            yield (line.strip() for line in program.stdout)
            program.kill()

    def _client(self, which: str, *options: str) -> str:
        command = [f"mosquitto_{which}", "-h", "127.0.0.1", "-p", self.port, *options]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("mosquitto")
    keeps = f"persistence true\npersistence_location {folder}/\nmax_queued_messages 0"
    # A connected client gets each message at once, before the publisher gets its PUBACK.
    keeps += "\nmax_inflight_messages 0"
    mosquitto = Mosquitto(folder, general=keeps)
    yield Broker(mosquitto)
    mosquitto.stop()


@pytest.fixture
def start_modem(tool: Tool, broker: Broker, tmp_path: Path) -> Iterator[Callable[..., float]]:
    """Starts a virtual modem at `tmp_path / "modem"`, towards the broker."""
    started: list[float] = []

    def start(faults: bytes = b"") -> float:
        handle, link = tool.u32(), str(tmp_path / "modem").encode()
        address = f"127.0.0.1:{broker.port}".encode()
        arguments = (address, link, faults, handle, tool.text(), 256.0, tool.ffi.NULL)
        firmware = tool.ffi.NULL
        started_with = "m531x_virtual_modem_start_with"
        assert tool.call(started_with, b"M5311", firmware, *arguments) == 0
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
    start_modem: Callable[..., float],
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
    start_modem: Callable[..., float],
    tmp_path: Path,
) -> None:
    start_modem()
    broker.collect("answers")
    command = [build("subscribe_epoll"), tmp_path / "modem", "broker.example", "3"]
    questions = ["what is 0,1,x?", "a" * 300, "b"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        for number, question in enumerate(questions):
            # The loop goes on as before after a stop.
            program.send_signal(signal.SIGSTOP)
            broker.publish(f"questions/{number}", question)
            program.send_signal(signal.SIGCONT)
        assert program.wait(SECONDS) == 0
    assert broker.collected("answers", 3) == [f"answers {question}" for question in questions]


Gateway = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def example() -> str:
    return "gateway"


@pytest.fixture
def gateway(build: Callable[[str], Path], tmp_path: Path, example: str) -> Iterator[Gateway]:
    """Starts the gateway, at `tmp_path / "modem"` or another port."""
    program = build(example)
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: object, port: object = None, **environment: str) -> subprocess.Popen[str]:
        command = [program, str(port or tmp_path / "modem"), "broker.example", *map(str, arguments)]
        pipe = subprocess.PIPE
        env = {**os.environ, **environment}
        running.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def ends_in_time(program: "subprocess.Popen[str]") -> None:
    """SIGTERM ends it within two seconds.

    With more work than cores every step takes longer by the load, and so does the limit.
    """
    began = time.monotonic()
    program.send_signal(signal.SIGTERM)
    assert program.wait(SECONDS) == 0
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    assert time.monotonic() - began < 2 * max(1.0, load)


def test_gateway_comes_back_and_says_that_it_is_alive(
    gateway: Gateway,
    broker: Broker,
    start_modem: Callable[..., float],
    tool: Tool,
    tmp_path: Path,
) -> None:
    watch = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    watch.bind(str(tmp_path / "notify"))
    watch.settimeout(SECONDS)
    modem = start_modem()
    broker.collect("gateway-1/reading")
    program = gateway(200, NOTIFY_SOCKET=str(tmp_path / "notify"))
    assert program.stdout is not None
    assert program.stderr is not None
    assert watch.recv(100) == b"READY=1"
    assert program.stdout.readline() == "connected\n"
    assert broker.collected("gateway-1/reading", 1) == ["gateway-1/reading 1"]
    assert watch.recv(100) == b"WATCHDOG=1"
    for text in ("on", "x" * 900, "off"):
        broker.publish("commands/led", text)
        assert program.stdout.readline() == f"command commands/led: {text}\n"
    tool.call("m531x_virtual_modem_stop", modem)
    assert program.stderr.readline().startswith("lost: ")
    start_modem()
    assert program.stdout.readline() == "connected\n"
    ends_in_time(program)
    watch.close()


def test_gateway_ends_in_time_whatever_it_waits_for(
    gateway: Gateway, broker: Broker, start_modem: Callable[..., float]
) -> None:
    # For an answer of a module, which never comes.
    master, slave = pty.openpty()
    program = gateway(port=os.ttyname(slave))
    assert os.read(master, 100).startswith(b"AT")
    ends_in_time(program)
    os.close(slave)
    os.close(master)
    # For a port that is not there, and a broker that is not.
    program = gateway(50, port="/dev/no-such-port")
    assert program.stderr is not None
    assert "M531X_ERR_PORT_NOT_FOUND" in program.stderr.readline()
    ends_in_time(program)
    start_modem()
    broker.mosquitto.freeze()
    program = gateway(50)
    time.sleep(1)
    ends_in_time(program)
    broker.mosquitto.thaw()


@pytest.mark.parametrize("example", ["readings_epoll"])
def test_the_small_gateway_ends_in_time_while_the_broker_is_silent(
    gateway: Gateway, broker: Broker, start_modem: Callable[..., float]
) -> None:
    start_modem()
    program = gateway(50)
    assert program.stdout is not None
    assert program.stdout.readline() == "connected\n"
    broker.mosquitto.freeze()
    time.sleep(1)
    ends_in_time(program)
    broker.mosquitto.thaw()


GATEWAYS = pytest.mark.parametrize(
    ("example", "topic"), [("gateway", "gateway-1/reading"), ("readings_epoll", "readings")]
)


@GATEWAYS
def test_it_goes_on_after_a_stop(
    gateway: Gateway,
    broker: Broker,
    start_modem: Callable[..., float],
    example: str,
    topic: str,
) -> None:
    start_modem()
    broker.collect(topic)
    with broker.listening(topic) as readings:
        program = gateway(20)
        assert program.stdout is not None
        assert program.stdout.readline() == "connected\n"
        assert next(readings) == "1"
        for number in range(3):
            program.send_signal(signal.SIGSTOP)
            # What is on its way still gets through: the module does not stop.
            time.sleep(0.3)
            broker.publish(topic, f"stopped {number}")
            broker.publish("commands/led", f"on {number}")
            program.send_signal(signal.SIGCONT)
            assert f"stopped {number}" in readings
            assert next(readings).isdigit()
            if example == "gateway":
                assert program.stdout.readline() == f"command commands/led: on {number}\n"
        # A loop that spins would use a core; this one works 50 times a second.
        before, began = cpu_seconds(program), time.monotonic()
        time.sleep(1)
        assert cpu_seconds(program) - before < (time.monotonic() - began) / 2
        ends_in_time(program)


def cpu_seconds(program: "subprocess.Popen[str]") -> float:
    fields = Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@GATEWAYS
def test_it_loses_none_of_a_thousand_readings(
    gateway: Gateway,
    broker: Broker,
    start_modem: Callable[..., float],
    tool: Tool,
    topic: str,
) -> None:
    broker.collect(topic)
    # A killed broker keeps only what it has saved: here the session of the collector.
    broker.mosquitto.save()
    with broker.listening(topic) as readings:
        program = gateway_through_three_losses(gateway, broker, start_modem, tool)
        wanted = {str(number) for number in range(1, 1001)}
        for reading in readings:
            wanted.discard(reading)
            if not wanted:
                break
        assert wanted == set()
        ends_in_time(program)


def gateway_through_three_losses(
    gateway: Gateway, broker: Broker, start_modem: Callable[..., float], tool: Tool
) -> "subprocess.Popen[str]":
    """A gateway that goes on after its module, its port and its broker were gone."""
    modem = start_modem(b"reboot-at=2s")
    program = gateway(5)
    assert program.stdout is not None
    assert program.stdout.readline() == "connected\n"
    # The module reboots.
    assert program.stdout.readline() == "connected\n"
    tool.call("m531x_virtual_modem_stop", modem)
    time.sleep(0.5)
    start_modem()
    assert program.stdout.readline() == "connected\n"
    # SIGKILL: the broker saves nothing and says no goodbye.
    broker.mosquitto.kill()
    time.sleep(0.5)
    assert broker.mosquitto.start()
    assert program.stdout.readline() == "connected\n"
    return program
