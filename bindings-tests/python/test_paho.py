"""`m531x.paho` beside paho itself: every behaviour here is tested with both, on one broker."""

from __future__ import annotations

import gc
import logging
import os
import ssl
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import paho.mqtt.client
import pytest

import m531x
import m531x.paho

EXAMPLE = Path(__file__).parents[2] / "examples" / "paho_meter.py"
CHANGED = "import m531x.paho as mqtt"
ALL_WAIT = 20.0


class Side:
    """One of the two, in front of the same broker."""

    def __init__(self, module: Any, virtual: m531x.VirtualModem, port: str) -> None:
        self.mqtt = module
        self.real = module is paho.mqtt.client
        self.host, _, number = virtual.broker.rpartition(":")
        self.port = int(number)
        self._serial = port
        self.reboot = virtual.reboot
        self.log: list[str] = []
        self._changed = threading.Condition()

    def client(self, client_id: str = "one", **options: Any) -> Any:
        """A client whose callbacks note what they get."""
        if not self.real:
            options["port"] = self._serial
        version = self.mqtt.CallbackAPIVersion.VERSION2
        client = self.mqtt.Client(version, client_id=client_id, **options)
        client.on_connect = lambda _c, _u, flags, reason, _p: self.note(
            f"connect {reason} {flags.session_present}"
        )
        client.on_disconnect = lambda _c, _u, _f, reason, _p: self.note(f"disconnect {reason}")
        client.on_subscribe = lambda _c, _u, mid, reasons, _p: self.note(
            f"subscribe {mid} {[str(reason) for reason in reasons]}"
        )
        client.on_unsubscribe = lambda _c, _u, mid, reasons, _p: self.note(
            f"unsubscribe {mid} {reasons}"
        )
        client.on_publish = lambda _c, _u, mid, reason, _p: self.note(f"publish {mid} {reason}")
        client.on_message = lambda _c, _u, message: self.note(
            f"message {message.topic} {message.payload!r} {message.qos} {message.retain}"
        )
        return client

    def note(self, text: str) -> None:
        with self._changed:
            self.log.append(text)
            self._changed.notify_all()

    def wait(self, text: str) -> None:
        """Waits until this was noted."""
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.log, ALL_WAIT), self.log


@pytest.fixture(params=["paho", "m531x"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    with m531x.VirtualModem() as virtual:
        yield Side(
            paho.mqtt.client if request.param == "paho" else m531x.paho, virtual, virtual.port
        )


@pytest.fixture
def modem_side() -> Iterator[Side]:
    with m531x.VirtualModem() as virtual:
        yield Side(m531x.paho, virtual, virtual.port)


def run_example(code: str, broker: str, tmp_path: Path, **environment: str) -> str:
    path = tmp_path / "script.py"
    path.write_text(code, encoding="utf-8")
    host, _, port = broker.rpartition(":")
    done = subprocess.run(
        [sys.executable, "-W", "error", path, host, port],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=os.environ | environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("choice", ["embedded", "mosquitto"])
def test_a_script_with_one_changed_line_prints_the_same(
    choice: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    code = EXAMPLE.read_text(encoding="utf-8")
    changed = code.replace("import paho.mqtt.client as mqtt", CHANGED)
    before, after = code.splitlines(), changed.splitlines()
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    broker = "embedded" if choice == "embedded" else request.getfixturevalue("broker").open
    with m531x.VirtualModem(broker=broker) as virtual:
        by_tcp = run_example(code, virtual.broker, tmp_path)
        by_module = run_example(changed, virtual.broker, tmp_path, M531X_PORT=virtual.port)
    assert by_module == by_tcp
    assert by_tcp.splitlines()[0] == "connected: Success - session kept: False"
    assert by_tcp.splitlines()[-1] == "disconnected: Normal disconnection False"
    assert len(by_tcp.splitlines()) == 7


def test_a_loop_on_a_thread_publishes_and_receives(side: Side) -> None:
    client = side.client()
    assert client.connect(side.host, side.port) == side.mqtt.MQTT_ERR_SUCCESS
    assert client.loop_start() == 0
    assert client.loop_start() == side.mqtt.MQTT_ERR_INVAL
    side.wait("connect Success False")
    assert client.is_connected()
    assert client.subscribe("a/+", 1) == (0, 1)
    side.wait("subscribe 1 ['Granted QoS 1']")
    for payload in ("text", b"\0bytes", bytearray(b"array"), 7, 2.5, None):
        info = client.publish("a/b", payload, qos=1)
        info.wait_for_publish(ALL_WAIT)
        assert info.is_published()
        assert tuple(info) == (0, info.mid)
        assert info[1] == info.mid
    side.wait("message a/b b'' 1 False")
    received = [line for line in side.log if line.startswith("message")]
    assert received == [
        f"message a/b {payload!r} 1 False"
        for payload in (b"text", b"\0bytes", b"array", b"7", b"2.5", b"")
    ]
    assert [line for line in side.log if line.startswith("publish")] == [
        f"publish {mid} Success" for mid in range(2, 8)
    ]
    assert client.unsubscribe("a/+") == (0, 8)
    side.wait("unsubscribe 8 []")
    assert client.disconnect() == 0
    side.wait("disconnect Normal disconnection")
    client.loop_stop()
    assert client.loop_stop() == side.mqtt.MQTT_ERR_INVAL
    assert not client.is_connected()


def test_what_is_published_too_early_waits_or_is_lost(side: Side) -> None:
    client = side.client()
    early = client.publish("early", "1", qos=1)
    lost = client.publish("early", "0")
    assert early.rc == lost.rc == side.mqtt.MQTT_ERR_NO_CONN
    with pytest.raises(RuntimeError):
        lost.wait_for_publish(1)
    assert client.subscribe("x") == (side.mqtt.MQTT_ERR_NO_CONN, None)
    assert client.unsubscribe("x") == (side.mqtt.MQTT_ERR_NO_CONN, None)
    client.connect(side.host, side.port)
    client.loop_start()
    side.wait("publish 1 Success")
    client.disconnect()
    client.loop_stop()
    assert "publish 2 Success" not in side.log


def test_messages_go_to_the_callbacks_of_their_filters(side: Side) -> None:
    client = side.client(userdata={"here": 1})
    assert client.user_data_get() == {"here": 1}
    seen: list[tuple[str, Any]] = []
    client.message_callback_add("a/#", lambda _c, user, _m: seen.append(("a/#", user)))
    client.message_callback_add("a/1", lambda _c, user, _m: seen.append(("a/1", user)))
    client.connect(side.host, side.port)
    client.loop_start()
    side.wait("connect Success False")
    client.subscribe([("a/#", 1), ("b", 1)])
    side.wait("subscribe 1 ['Granted QoS 1', 'Granted QoS 1']")
    client.user_data_set("new")
    client.publish("a/1", "x", 1)
    client.publish("b", "y", 1)
    side.wait("message b b'y' 1 False")
    assert sorted(seen) == [("a/#", "new"), ("a/1", "new")]
    client.message_callback_remove("a/#")
    client.message_callback_remove("a/1")
    client.publish("a/1", "z", 1)
    side.wait("message a/1 b'z' 1 False")
    client.disconnect()
    client.loop_stop()


def test_a_client_may_be_a_subclass_with_methods(side: Side) -> None:
    class Meter(side.mqtt.Client):  # type: ignore[name-defined,misc]
        def on_connect(self, client: Any, userdata: Any, _f: Any, reason: Any, _p: Any) -> None:
            assert client is self
            self.seen = [str(reason)]
            self.subscribe("m", 0)

        def on_subscribe(self, client: Any, userdata: Any, _m: Any, reasons: Any, _p: Any) -> None:
            self.publish("m", "hello")

        def on_message(self, client: Any, userdata: Any, message: Any) -> None:
            self.seen.append(message.payload.decode())
            self.disconnect()

        def run(self) -> Any:
            self.connect(side.host, side.port)
            return self.loop_forever()

    options = {} if side.real else {"port": side.client()._settings.port}
    meter = Meter(side.mqtt.CallbackAPIVersion.VERSION2, **options)
    meter.run()
    assert meter.seen == ["Success", "hello"]


def test_callbacks_may_be_set_by_decorators(side: Side) -> None:
    client = side.client()

    @client.connect_callback()  # type: ignore[untyped-decorator]
    def connected(client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        client.subscribe("x", 1)

    @client.subscribe_callback()  # type: ignore[untyped-decorator]
    def subscribed(client: Any, userdata: Any, mid: int, reasons: Any, properties: Any) -> None:
        client.publish("x", "y", 1)

    @client.topic_callback("x")  # type: ignore[untyped-decorator]
    def on_x(client: Any, userdata: Any, message: Any) -> None:
        side.note("decorated")
        client.disconnect()

    client.connect(side.host, side.port)
    client.loop_forever()
    assert "decorated" in side.log


def test_retained_messages_are_kept_and_cleared(side: Side) -> None:
    client = side.client()
    client.connect(side.host, side.port)
    client.loop_start()
    side.wait("connect Success False")
    client.publish("kept", "1", qos=1, retain=True).wait_for_publish(ALL_WAIT)
    client.subscribe("kept", 1)
    side.wait("message kept b'1' 1 True")
    client.publish("kept", None, qos=1, retain=True).wait_for_publish(ALL_WAIT)
    side.wait("message kept b'' 1 False")
    client.disconnect()
    client.loop_stop()


def test_connect_async_connects_in_the_loop(side: Side) -> None:
    client = side.client()
    client.connect_async(side.host, side.port)
    assert not client.is_connected()
    client.loop_start()
    side.wait("connect Success False")
    client.disconnect()
    client.loop_stop()


def test_loop_may_be_called_by_hand(side: Side) -> None:
    client = side.client()
    client.connect(side.host, side.port)
    while "connect Success False" not in side.log:
        assert client.loop(0.2) == 0
    client.subscribe("a", 0)
    while "subscribe 1 ['Granted QoS 0']" not in side.log:
        client.loop(0.2)
    client.disconnect()


def test_the_will_is_published_when_the_line_is_cut(side: Side) -> None:
    with m531x.VirtualModem(broker=f"{side.host}:{side.port}") as other:
        lost = m531x.paho.Client(port=other.port, client_id="lost")
        lost.will_set("state", "gone", qos=1)
        lost.connect("broker.example", keepalive=60)
        watcher = side.client("watcher")
        watcher.connect(side.host, side.port)
        watcher.loop_start()
        side.wait("connect Success False")
        watcher.subscribe("state", 1)
        side.wait("subscribe 1 ['Granted QoS 1']")
        other.reboot()
        side.wait("message state b'gone' 1 False")
        watcher.disconnect()
        watcher.loop_stop()
        lost.disconnect()


BAD_CALLS: list[Callable[[Any], object]] = [
    lambda client: client.publish("a/#"),
    lambda client: client.publish(""),
    lambda client: client.publish(None),
    lambda client: client.publish("a", {}),
    lambda client: client.publish("a", [1]),
    lambda client: client.publish("a", "b", 3),
    lambda client: client.subscribe(""),
    lambda client: client.subscribe("a", 3),
    lambda client: client.subscribe([]),
    lambda client: client.subscribe(("a", 9)),
    lambda client: client.subscribe([("a", 9)]),
    lambda client: client.unsubscribe(""),
    lambda client: client.unsubscribe(None),
    lambda client: client.connect("", 1),
    lambda client: client.connect("h", 0),
    lambda client: client.connect("h", 1, -1),
    lambda client: client.will_set("", "x"),
    lambda client: client.will_set("a", {}),
    lambda client: client.will_set("a", "x", 4),
    lambda client: client.message_callback_add(None, None),
    lambda client: client.reconnect(),
    lambda client: client.loop_forever(),
]


@pytest.mark.parametrize("number", range(len(BAD_CALLS)))
def test_a_wrong_call_is_refused_as_by_paho(side: Side, number: int) -> None:
    client = side.client()
    with pytest.raises((ValueError, TypeError)):
        BAD_CALLS[number](client)


def test_an_empty_client_id_needs_a_clean_session(side: Side) -> None:
    with pytest.raises(ValueError, match="client"):
        side.client("", clean_session=False)
    client = side.client("")
    client.connect(side.host, side.port)
    client.loop_start()
    side.wait("connect Success False")
    client.disconnect()
    client.loop_stop()


def test_a_refusal_of_the_broker_is_reported_and_tried_again(
    broker: Any, request: pytest.FixtureRequest
) -> None:
    logs = {}
    for module in (paho.mqtt.client, m531x.paho):
        with m531x.VirtualModem(broker=broker.guarded) as virtual:
            side = Side(module, virtual, virtual.port)
            client = side.client(f"refused-{module.__name__}")
            client.reconnect_delay_set(1, 1)
            client.username_pw_set("meter", "wrong")
            assert client.connect(side.host, side.port) == 0
            client.loop_start()
            side.wait("disconnect Unspecified error")
            first = side.log[:2]
            client.username_pw_set("meter", "right")
            side.wait("connect Success False")
            client.disconnect()
            client.loop_stop()
            logs[module.__name__] = first
    assert logs["m531x.paho"] == logs["paho.mqtt.client"]
    assert logs["m531x.paho"] == [
        "connect Not authorized False",
        "disconnect Unspecified error",
    ]


def test_a_port_that_is_not_there_raises_an_os_error(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    client = m531x.paho.Client(port=link)
    with pytest.raises(OSError, match="modem"):
        client.connect("broker.example")
    assert client.modem is None
    client.connect_async("broker.example")
    with pytest.raises(m531x.PortError):
        client.loop_forever()


def test_the_loop_repeats_a_first_connection_that_fails(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    client = m531x.paho.Client(port=link)
    failed, connected = threading.Event(), threading.Event()
    client.on_connect_fail = lambda _c, _u: failed.set()
    client.on_connect = lambda *_: connected.set()
    client.reconnect_delay_set(0.1, 0.1)
    client.connect_async("broker.example")
    client.loop_start()
    assert failed.wait(ALL_WAIT)
    with m531x.VirtualModem(link=link):
        assert connected.wait(ALL_WAIT)
        client.disconnect()
        client.loop_stop()
    assert client.modem is None


def test_a_lost_connection_comes_back_with_its_subscriptions(modem_side: Side) -> None:
    side = modem_side
    client = side.client()
    client.reconnect_delay_set(0.1, 0.1)
    client.connect(side.host, side.port)
    client.loop_start()
    side.wait("connect Success False")
    client.subscribe("a", 1)
    side.wait("subscribe 1 ['Granted QoS 1']")
    side.log.clear()
    side.reboot()
    side.wait("disconnect Unspecified error")
    side.wait("connect Success False")
    client.publish("a", "again", qos=1)
    side.wait("message a b'again' 1 False")
    client.disconnect()
    client.loop_stop()
    assert side.log.index("disconnect Unspecified error") < side.log.index("connect Success False")


def test_without_reconnect_a_loss_ends_the_loop(modem_side: Side) -> None:
    side = modem_side
    client = side.client(reconnect_on_failure=False)
    client.connect(side.host, side.port)
    client.on_connect = lambda *_: side.reboot()
    assert client.loop_forever() == m531x.paho.MQTT_ERR_CONN_LOST
    assert side.log == ["disconnect Unspecified error"]
    assert client.modem is None


def test_a_publish_that_the_module_cannot_send_fails_aloud(
    modem_side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    client = modem_side.client()
    client.connect(modem_side.host, modem_side.port)
    info = client.publish("a", b"\0" * 100_000, qos=1)
    with pytest.raises(RuntimeError, match="bytes"):
        info.wait_for_publish(ALL_WAIT)
    client.disconnect()
    assert [record.levelno for record in caplog.records if record.name == "m531x.paho"] == [
        logging.ERROR
    ]


def test_more_publishes_than_may_wait_are_refused(side: Side) -> None:
    client = side.client()
    client.max_queued_messages_set(2)
    infos = [client.publish("a", str(number), qos=1) for number in range(3)]
    assert [info.rc for info in infos][-1] == side.mqtt.MQTT_ERR_QUEUE_SIZE
    with pytest.raises(ValueError, match=r"."):
        infos[-1].wait_for_publish(1)


def test_publishes_in_flight_are_limited_and_all_arrive(side: Side) -> None:
    client = side.client()
    client.max_inflight_messages_set(2)
    client.connect(side.host, side.port)
    client.loop_start()
    side.wait("connect Success False")
    infos = [client.publish("a", str(number), qos=1) for number in range(20)]
    for info in infos:
        info.wait_for_publish(ALL_WAIT)
    side.wait("publish 20 Success")
    client.disconnect()
    client.loop_stop()
    assert [line for line in side.log if line.startswith("publish")] == [
        f"publish {mid} Success" for mid in range(1, 21)
    ]


def test_an_exception_in_a_callback_ends_loop_forever(side: Side) -> None:
    client = side.client()

    def fail(*_: object) -> None:
        raise KeyError("mine")

    client.on_connect = lambda _c, _u, _f, _r, _p: fail()
    client.connect(side.host, side.port)
    with pytest.raises(KeyError, match="mine"):
        client.loop_forever()
    client.suppress_exceptions = True
    client.disconnect()
    client.loop_forever()


def test_an_exception_on_the_thread_is_reported_and_the_thread_goes_on(
    modem_side: Side, thread_errors: list[BaseException | None]
) -> None:
    client = modem_side.client()

    def fail(client: Any, *_: object) -> None:
        raise KeyError("mine")

    client.on_connect = lambda _c, _u, _f, _r, _p: fail(_c)
    client.connect(modem_side.host, modem_side.port)
    client.loop_start()
    client.subscribe("a")
    modem_side.wait("subscribe 1 ['Granted QoS 0']")
    client.disconnect()
    client.loop_stop()
    assert [type(error) for error in thread_errors] == [KeyError]


REFUSED: list[tuple[Callable[[Any], object], str]] = [
    (lambda client: client.tls_set(ca_certs="ca.pem"), "certificates"),
    (lambda client: client.tls_set(), "CERT_NONE"),
    (lambda client: client.tls_set_context(None), "certificates"),
    (lambda client: client.tls_insecure_set(False), "certificates"),
    (lambda client: client.ws_set_options(), "TCP"),
    (lambda client: client.proxy_set(proxy_addr="x"), "radio"),
    (lambda client: client.manual_ack_set(True), "acknowledges"),
    (lambda client: client.ack(1, 1), "acknowledges"),
    (lambda client: client.loop_read(), "socket"),
    (lambda client: client.loop_write(), "socket"),
    (lambda client: client.loop_misc(), "socket"),
    (lambda client: client.socket(), "socket"),
    (lambda client: setattr(client, "on_socket_open", print), "socket"),
    (lambda client: client.connect("h", bind_address="127.0.0.1"), "socket"),
    (lambda client: client.connect("h", clean_start=True), "MQTT 5"),
    (lambda client: client.connect("h", properties=object()), "3.1.1"),
    (lambda client: client.publish("a", properties=object()), "3.1.1"),
    (lambda client: client.subscribe("a", options=object()), "3.1.1"),
    (lambda client: client.will_set("a", properties=object()), "3.1.1"),
    (lambda _: m531x.paho.Client(port="x", transport="websockets"), "TCP"),
    (lambda _: m531x.paho.Client(port="x", protocol=m531x.paho.MQTTv5), "3.1.1"),
    (lambda _: m531x.paho.Client(port="x", manual_ack=True), "acknowledges"),
    (lambda _: m531x.paho.Client("name", port="x"), "VERSION2"),  # type: ignore[arg-type]
    (lambda _: m531x.paho.Client(), "M531X_PORT"),
    (lambda client: setattr(client, "on_message", lambda _c, _u: None), "message"),
    (lambda client: client.max_inflight_messages_set(0), "1 or more"),
    (lambda client: client.max_queued_messages_set(-1), "0 or more"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_the_module_cannot_do_raises_with_the_reason(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("M531X_PORT", raising=False)
    call, words = REFUSED[number]
    client = m531x.paho.Client(port="/dev/null")
    with pytest.raises(m531x.InvalidArgumentError, match=words):
        call(client)


def test_a_misspelled_callback_is_named() -> None:
    client = m531x.paho.Client(port="/dev/null")
    with pytest.raises(AttributeError, match="on_mesage"):
        client.on_mesage = print


def test_tls_without_certificates_is_asked_of_the_module() -> None:
    with m531x.VirtualModem("M5310-A") as virtual:
        client = m531x.paho.Client(port=virtual.port)
        client.tls_set(cert_reqs=ssl.CERT_NONE)
        client.tls_insecure_set(True)
        with pytest.raises(m531x.M531xError, match=r"(?i)tls|encrypt"):
            client.connect("broker.example")


def test_a_password_may_come_from_a_function_and_shows_nowhere(broker: Any) -> None:
    asked = []

    def password() -> str:
        asked.append(1)
        return "right"

    with m531x.VirtualModem(broker=broker.guarded) as virtual:
        client = m531x.paho.Client(port=virtual.port, trace=1000)
        client.username_pw_set("meter", password)
        client.connect("broker.example")
        assert client.is_connected()
        assert client.modem is not None
        assert "right" not in f"{client!r}{vars(client)}{client.modem.trace()}"
        client.disconnect()
        client.loop_forever()
    assert asked == [1]


def test_log_lines_go_to_on_log_and_the_logger(
    modem_side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "m531x.paho")
    client = modem_side.client()
    lines: list[tuple[int, str]] = []
    client.on_log = lambda _c, _u, level, text: lines.append((level, text))
    client.enable_logger()
    client.connect(modem_side.host, modem_side.port)
    client.publish("a", "b")
    client.disconnect()
    client.loop_forever()
    assert [level for level, _ in lines] == [m531x.paho.MQTT_LOG_DEBUG] * 3
    assert [record.levelno for record in caplog.records if record.name == "m531x.paho"] == [
        logging.DEBUG
    ] * 3


def test_the_password_may_be_set_before_each_connection(modem_side: Side) -> None:
    client = modem_side.client()
    client.on_pre_connect = lambda client, _u: client.username_pw_set("u", "p")
    client.connect(modem_side.host, modem_side.port)
    assert client.modem.config().username == "u"
    client.disconnect()
    client.loop_forever()


def test_a_client_leaves_no_thread_and_no_open_port(modem_side: Side) -> None:
    before = threading.active_count()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            client = modem_side.client()
            client.connect(modem_side.host, modem_side.port)
            client.loop_start()
            client.disconnect()
            client.loop_stop()
            assert client.modem is None
            del client
        gc.collect()
    names = [thread.name for thread in threading.enumerate()]
    assert threading.active_count() == before, names
    assert modem_side.log.count("disconnect Normal disconnection") == 3


def test_a_client_connects_again_after_it_has_left(modem_side: Side) -> None:
    side = modem_side
    client = side.client()
    for _ in range(2):
        side.log.clear()
        client.connect(side.host, side.port)
        client.loop_start()
        side.wait("connect Success False")
        client.disconnect()
        side.wait("disconnect Normal disconnection")
        client.loop_stop()


def test_a_slow_loop_holds_back_messages_within_bounds(
    modem_side: Side, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    client = modem_side.client(queue_size=100_000)
    client.connect(modem_side.host, modem_side.port)
    client.subscribe("a", 0)
    client.loop(5)
    count = 1500
    for number in range(count):
        client.publish("a", str(number))
    eventually(lambda: client._queue._messages == 1000)
    while sum(line.startswith("message") for line in modem_side.log) < count:
        client.loop(1)
    texts = [line for line in modem_side.log if line.startswith("message")]
    assert texts == [f"message a {str(n).encode()!r} 0 False" for n in range(count)]
    client.disconnect()
    client.loop_forever()


def test_reason_codes_compare_as_in_paho() -> None:
    success = m531x.paho.ReasonCode.of_connack(0)
    refused = m531x.paho.ReasonCode.of_connack(5)
    assert success == 0
    assert success == "Success"
    assert refused != 0
    assert refused.is_failure
    assert refused.getName() == str(refused) == "Not authorized"
    assert {success: 1}[m531x.paho.ReasonCode.of_connack(0)] == 1
    assert m531x.paho.connack_string(refused) == m531x.paho.connack_string(5)
    assert m531x.paho.error_string(4) == "the client is not connected"


def names_of(module: ModuleType) -> set[str]:
    return {name for name in vars(module) if name.startswith(("MQTT_ERR", "MQTT_LOG", "MQTTv"))}


def test_names_and_numbers_are_those_of_paho() -> None:
    for name in names_of(m531x.paho):
        assert int(getattr(m531x.paho, name)) == int(getattr(paho.mqtt.client, name)), name
    ours = {name for name in dir(m531x.paho.Client) if not name.startswith("_")}
    theirs = {name for name in dir(paho.mqtt.client.Client) if not name.startswith("_")}
    assert ours - theirs == {"modem"}
    # What is left has no meaning here, or is read by nobody but paho.
    missing = {name for name in theirs - ours if "socket" not in name}
    assert missing == {
        "callback_api_version",
        "connect_srv",
        "connect_timeout",
        "enable_bridge_mode",
        "logger",
        "max_inflight_messages",
        "max_queued_messages",
        "password",
        "protocol",
        "reinitialise",
        "transport",
        "username",
        "will_payload",
        "will_topic",
    }
