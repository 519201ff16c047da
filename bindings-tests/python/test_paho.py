"""`m531x.paho` beside paho itself: every behaviour here is tested with both, on one broker."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import paho.mqtt.client
import pytest

import m531x
import m531x.paho
from paho_side import ALL_WAIT, Side

EXAMPLE = Path(__file__).parents[2] / "examples" / "paho_meter.py"
CHANGED = "import m531x.paho as mqtt"


@pytest.fixture(params=["paho", "m531x"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    with m531x.VirtualModem() as virtual:
        yield Side(
            paho.mqtt.client if request.param == "paho" else m531x.paho, virtual, virtual.port
        )


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
    side.wait("publish 7 Success")
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
    if side.real:
        # paho leaves the writing to its loop then; else a loop that ends first makes this fail.
        client.on_socket_register_write = lambda *_: None
    assert client.disconnect() == 0
    side.wait("disconnect Normal disconnection")
    client.loop_stop()
    assert client.loop_stop() == side.mqtt.MQTT_ERR_INVAL
    assert not client.is_connected()


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_publish_is_done_when_on_publish_has_returned(side: Side, qos: int) -> None:
    client = side.client()
    entered, go_on = threading.Event(), threading.Event()

    def on_publish(*_: object) -> None:
        entered.set()
        go_on.wait(ALL_WAIT)
        side.note("returned")

    client.on_publish = on_publish
    with side.connected(client):
        info = client.publish("a", "b", qos=qos)
        try:
            assert entered.wait(ALL_WAIT)
            assert not info.is_published()
        finally:
            go_on.set()
        info.wait_for_publish(ALL_WAIT)
        assert info.is_published()
        assert "returned" in side.log


def test_a_publish_of_qos_0_is_done_without_a_loop(side: Side) -> None:
    client = side.client()
    client.connect(side.host, side.port)
    info = client.publish("a", "b")
    info.wait_for_publish(ALL_WAIT)
    assert info.is_published()
    client.disconnect()
    client.loop_forever()


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
    with side.connected(client):
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
    with side.connected(client):
        client.publish("kept", "1", qos=1, retain=True).wait_for_publish(ALL_WAIT)
        client.subscribe("kept", 1)
        side.wait("message kept b'1' 1 True")
        client.publish("kept", None, qos=1, retain=True).wait_for_publish(ALL_WAIT)
        side.wait("message kept b'' 1 False")


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
        with side.connected(watcher):
            watcher.subscribe("state", 1)
            side.wait("subscribe 1 ['Granted QoS 1']")
            other.reboot()
            side.wait("message state b'gone' 1 False")
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


@pytest.mark.parametrize("topic", ["", None, 5, [], "a/#/b", "a+", [("a/#/b", 0)], [("", 0)]])
def test_what_is_no_filter_is_refused_as_by_paho(side: Side, topic: Any) -> None:
    client = side.client()
    client.connect(side.host, side.port)
    client.loop_start()
    side.wait("connect Success False")
    with pytest.raises(ValueError, match=r"(?i)topic|filter"):
        client.subscribe(topic)
    if topic in ("", None, 5):
        with pytest.raises(ValueError, match=r"(?i)topic|filter"):
            client.unsubscribe(topic)
    client.disconnect()
    client.loop_stop()


@pytest.mark.parametrize("number", range(len(BAD_CALLS)))
def test_a_wrong_call_is_refused_as_by_paho(side: Side, number: int) -> None:
    client = side.client()
    with pytest.raises((ValueError, TypeError)):
        BAD_CALLS[number](client)


def test_an_empty_client_id_needs_a_clean_session(side: Side) -> None:
    with pytest.raises(ValueError, match="client"):
        side.client("", clean_session=False)
    with side.connected(side.client("")):
        pass


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
    with side.connected(client):
        infos = [client.publish("a", str(number), qos=1) for number in range(20)]
        for info in infos:
            info.wait_for_publish(ALL_WAIT)
        side.wait("publish 20 Success")
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


def names_of(module: ModuleType) -> set[str]:
    return {name for name in vars(module) if name.startswith(("MQTT_ERR", "MQTT_LOG", "MQTTv"))}


def test_names_and_numbers_are_those_of_paho() -> None:
    for name in names_of(m531x.paho):
        assert int(getattr(m531x.paho, name)) == int(getattr(paho.mqtt.client, name)), name
    ours = {name for name in dir(m531x.paho.Client) if not name.startswith("_")}
    theirs = {name for name in dir(paho.mqtt.client.Client) if not name.startswith("_")}
    assert ours - theirs == {"modem"}
    assert {name for name in theirs - ours if "socket" not in name} == set()


def test_attributes_are_those_of_paho(side: Side) -> None:
    client = side.client()
    assert (client.protocol, client.transport) == (4, "tcp")
    assert client.callback_api_version.value == 2
    client.username, client.password = "meter", "secret"
    client.will_set("state", "lost")
    assert (client.username, client.will_topic, client.will_payload) == ("meter", "state", b"lost")
    client.max_inflight_messages, client.max_queued_messages = 0, 100
    assert (client.max_inflight_messages, client.max_queued_messages) == (0, 100)
    client.connect_timeout = 60
    assert client.connect_timeout == 60
    client.logger = logging.getLogger("meter")
    assert client.logger.name == "meter"
    client.connect(side.host, side.port)
    client.loop_start()
    side.wait("connect Success False")
    published = [client.publish("a", str(number), qos=1) for number in range(30)]
    for info in published:
        info.wait_for_publish(ALL_WAIT)
    client.disconnect()
    client.loop_stop()
