"""What the examples in paho's own repository do, in other words, by paho and by `m531x.paho`.

A comment names the example that each test stands for. Examples of what a module cannot do have none
here: websockets (client_sub-ws), SRV records (client_sub-srv), the sockets of loop_asyncio,
loop_select and loop_trio, and TLS with certificates (aws_iot).
"""

from __future__ import annotations

import contextlib
import logging
import queue
import uuid
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client
import pytest

import m531x
import m531x.paho
from paho_side import ALL_WAIT, Side


@pytest.fixture(params=["paho", "m531x"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    with m531x.VirtualModem() as virtual:
        module = paho.mqtt.client if request.param == "paho" else m531x.paho
        yield Side(module, virtual, virtual.port)


@contextlib.contextmanager
def remote(side: Side, client_id: str = "remote") -> Iterator[Any]:
    """A client of paho's elsewhere on the same broker."""
    mqtt: Any = paho.mqtt.client
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id)
    client.connect(side.host, side.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def test_a_script_subscribes_before_its_loop_and_prints_what_comes(side: Side) -> None:
    # client_sub.py: all callbacks are set, and the loop does not return before the client leaves.
    client = side.client("printer")
    note = client.on_message

    def on_connect(client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        side.note(f"connected {reason}")
        client.subscribe("plant/#", 1)

    def on_message(client: Any, userdata: Any, message: Any) -> None:
        note(client, userdata, message)
        if message.payload == b"end":
            client.disconnect()

    def on_subscribe(*_: object) -> None:
        # Another client publishes once the subscription stands.
        for payload in ("1", "2", "end"):
            client.publish("plant/pump", payload, qos=1)

    client.on_connect, client.on_message = on_connect, on_message
    client.on_subscribe = on_subscribe
    client.connect(side.host, side.port, 60)
    client.loop_forever()
    received = [line for line in side.log if line.startswith("message")]
    assert received == [
        f"message plant/pump {payload!r} 1 False" for payload in (b"1", b"2", b"end")
    ]
    assert side.log[0] == "connected Success"
    assert side.log[-1] == "disconnect Normal disconnection"


def test_a_script_publishes_and_waits_for_the_acknowledgement(side: Side) -> None:
    # client_pub-wait.py: QoS 2, and the thread of the loop does the rest.
    client = side.client()
    client.connect(side.host, side.port, 60)
    client.loop_start()
    info = client.publish("state", "on", qos=2)
    info.wait_for_publish()
    assert info.is_published()
    assert f"publish {info.mid} Success" in side.log
    client.disconnect()
    client.loop_stop()


def test_options_of_a_tool_are_settings_of_the_client(side: Side) -> None:
    # client_pub_opts.py and client_sub_opts.py: login, keep-alive and clean session by options, and
    # several publishes in a loop.
    client = side.client(f"tool-{uuid.uuid4().hex[:8]}", clean_session=True)
    client.username_pw_set("meter", "secret")
    client.connect(side.host, side.port, 30)
    client.loop_start()
    for number in range(3):
        info = client.publish("load", f"{{'counter': {number}}}", qos=1)
        info.wait_for_publish()
        assert info.rc == side.mqtt.MQTT_ERR_SUCCESS
    assert client.keepalive == 30
    client.disconnect()
    client.loop_stop()


def test_a_class_is_a_client_and_runs_until_it_has_left(side: Side) -> None:
    # client_sub-class.py: the callbacks are methods, and `run` returns what the loop returned.
    class Printer(side.mqtt.Client):  # type: ignore[name-defined,misc]
        lines: list[str]

        def on_connect(self, client: Any, userdata: Any, *rest: Any) -> None:
            self.lines = [f"connected {rest[1]}"]

        def on_connect_fail(self, client: Any, userdata: Any) -> None:
            self.lines.append("failed")

        def on_message(self, client: Any, userdata: Any, message: Any) -> None:
            self.lines.append(f"{message.topic} {message.qos} {message.payload!r}")
            self.disconnect()

        def on_publish(self, client: Any, userdata: Any, mid: int, *rest: Any) -> None:
            self.lines.append(f"mid {mid}")

        def on_subscribe(self, client: Any, userdata: Any, mid: int, *rest: Any) -> None:
            self.lines.append(f"subscribed {mid}")
            self.publish("own", "x", 1)

        def on_log(self, client: Any, userdata: Any, level: int, text: str) -> None:
            assert text

        def run(self) -> Any:
            self.connect(side.host, side.port, 60)
            self.subscribe("own", 1)
            return self.loop_forever()

    options = {} if side.real else {"port": side.client()._settings.port}
    printer = Printer(side.mqtt.CallbackAPIVersion.VERSION2, "printer", **options)
    printer.run()
    # The acknowledgement of the publish may come before the message or behind it.
    lines = [line for line in printer.lines if line != "mid 2"]
    assert lines == ["connected Success", "subscribed 1", "own 1 b'x'"]


def test_topics_have_callbacks_of_their_own(side: Side) -> None:
    # client_sub-multiple-callback.py: two filters go to functions, everything else to on_message.
    client = side.client()
    client.message_callback_add("broker/messages/#", lambda *call: side.note(call[2].topic))
    client.message_callback_add("broker/bytes/#", lambda *call: side.note(call[2].topic))
    with side.connected(client):
        client.subscribe("broker/#", 1)
        side.wait("subscribe 1 ['Granted QoS 1']")
        for topic in ("broker/messages/sent", "broker/bytes/received", "broker/uptime"):
            client.publish(topic, "1", 1)
        side.wait("message broker/uptime b'1' 1 False")
        side.wait("broker/messages/sent")
        side.wait("broker/bytes/received")
    assert sum(line.startswith("message") for line in side.log) == 1


def test_a_question_gets_its_answer(side: Side) -> None:
    # client_rpc_math.py and server_rpc_math.py need the properties of MQTT 5. With MQTT 3.1.1 the
    # topic names who asks, and the payload which question it is.
    def serve(server: Any, userdata: Any, message: Any) -> None:
        number, _, rest = message.payload.decode().partition(" ")
        asker = message.topic.rpartition("/")[2]
        server.publish(f"math/answer/{asker}", f"{number} {sum(map(int, rest.split()))}", 1)

    with remote(side, "server") as server:
        server.on_message = serve
        ready: queue.Queue[int] = queue.Queue()
        server.on_subscribe = lambda _c, _u, mid, *_: ready.put(mid)
        server.subscribe("math/question/+", 1)
        ready.get(timeout=ALL_WAIT)
        answers: queue.Queue[str] = queue.Queue()
        client = side.client("asker")
        client.on_message = lambda _c, _u, message: answers.put(message.payload.decode())
        with side.connected(client):
            client.subscribe("math/answer/asker", 1)
            side.wait("subscribe 1 ['Granted QoS 1']")
            for number, terms in enumerate(("1 2", "20 22", "-5 5")):
                client.publish("math/question/asker", f"{number} {terms}", 1)
            got = {answers.get(timeout=ALL_WAIT) for _ in range(3)}
        assert got == {"0 3", "1 42", "2 0"}


def test_a_class_holds_a_client_for_a_with_statement(side: Side) -> None:
    # No example (context.py only finds paho's sources), but what many programs write.
    class Station:
        def __init__(self) -> None:
            self.client = side.client("station", userdata=self)
            self.client.on_message = Station.received
            self.values: queue.Queue[float] = queue.Queue()

        def __enter__(self) -> Station:
            self.client.connect(side.host, side.port)
            self.client.loop_start()
            return self

        def __exit__(self, *_: object) -> None:
            self.client.disconnect()
            self.client.loop_stop()

        @staticmethod
        def received(_client: Any, station: Station, message: Any) -> None:
            station.values.put(float(message.payload))

    with Station() as station:
        side.wait("connect Success False")
        station.client.subscribe("t", 1)
        side.wait("subscribe 1 ['Granted QoS 1']")
        station.client.publish("t", 21.5, 1)
        assert station.values.get(timeout=ALL_WAIT) == 21.5
    assert not station.client.is_connected()


def test_a_script_with_a_logger_and_no_callback_of_its_own(
    side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    # client_logger.py: the log of the client goes to a logger of the program.
    logger = logging.getLogger("script")
    client = side.client()
    client.enable_logger(logger)
    with caplog.at_level(logging.DEBUG, "script"):
        client.connect(side.host, side.port)
        client.loop_start()
        client.subscribe("a", 0)
        client.publish("a", "b", 1).wait_for_publish(ALL_WAIT)
        client.disconnect()
        client.loop_stop()
    client.disable_logger()
    assert [record for record in caplog.records if record.name == "script"]


def test_retained_messages_are_cleared_as_they_come(side: Side) -> None:
    # client_mqtt_clear_retain.py: each retained message is answered with an empty one.
    topics = {"kept/1", "kept/2"}
    with remote(side) as other:
        for topic in topics:
            other.publish(topic, "x", qos=1, retain=True).wait_for_publish(ALL_WAIT)
        cleared: queue.Queue[Any] = queue.Queue()

        def clear(client: Any, userdata: Any, message: Any) -> None:
            if message.retain and message.payload:
                cleared.put(client.publish(message.topic, None, qos=1, retain=True))
                side.note(f"clear {message.topic}")

        client = side.client()
        client.on_message = clear
        with side.connected(client):
            client.subscribe("kept/#", 1)
            for topic in topics:
                side.wait(f"clear {topic}")
                cleared.get(timeout=ALL_WAIT).wait_for_publish(ALL_WAIT)
    again = side.client("again")
    side.log.clear()
    with side.connected(again):
        again.subscribe("kept/#", 1)
        again.publish("kept/end", "end", 1)
        side.wait("message kept/end b'end' 1 False")
    assert sum(line.startswith("message") for line in side.log) == 1


def test_a_client_connects_again_to_its_session_from_a_callback(side: Side) -> None:
    # client_session_present.py: it leaves at once, connects again in on_disconnect, and then
    # a clean connection ends the session.
    connections = {0: "kept", 1: "kept again", 2: "clean"}

    def on_connect(client: Any, number: int, flags: Any, reason: Any, properties: Any) -> None:
        side.note(f"{connections[number]} {reason}")
        if number == 2:
            side.note(f"present {flags.session_present}")
        client.disconnect()

    def on_disconnect(client: Any, number: int, *_: object) -> None:
        client.user_data_set(number + 1)
        if number == 0:
            client.reconnect()

    client = side.client("kept", clean_session=False, userdata=0)
    client.on_connect, client.on_disconnect = on_connect, on_disconnect
    client.connect(side.host, side.port, 60)
    client.loop_forever()
    clean = side.client("kept", clean_session=True, userdata=2)
    clean.on_connect = on_connect
    clean.connect(side.host, side.port, 60)
    clean.loop_forever()
    assert [line for line in side.log if not line.startswith("disconnect")] == [
        "kept Success",
        "kept again Success",
        "clean Success",
        "present False",
    ]
