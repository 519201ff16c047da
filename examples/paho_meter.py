"""A meter, written for paho-mqtt: `python examples/paho_meter.py HOST PORT`."""

import sys
from typing import Any

import paho.mqtt.client as mqtt


def on_connect(client: mqtt.Client, userdata: Any, flags: Any, reason: Any, props: Any) -> None:
    print("connected:", reason, "- session kept:", flags.session_present)
    client.subscribe([("meters/17/set/+", 1), ("meters/all", 0)])


def on_subscribe(client: mqtt.Client, userdata: Any, mid: int, reasons: Any, props: Any) -> None:
    print("subscribed:", [str(reason) for reason in reasons])
    client.publish("meters/17/set/period", 60, qos=1, retain=True)


def on_period(client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
    userdata["period"] = int(message.payload)
    print("new period:", userdata["period"], "- kept:", message.retain, "- QoS", message.qos)
    client.publish("meters/all", b"\x00\xffbytes")


def on_message(client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
    print("message:", message.topic, message.payload, f"{message.qos=}")
    client.unsubscribe("meters/all")


def on_unsubscribe(client: mqtt.Client, userdata: Any, mid: int, reasons: Any, props: Any) -> None:
    print("unsubscribed:", reasons)
    client.publish("meters/17/set/period", None, qos=1, retain=True)
    client.message_callback_remove("meters/17/set/period")
    client.on_message = on_last


def on_last(client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
    print("last:", message.topic, message.payload, userdata)
    client.disconnect()


def on_disconnect(client: mqtt.Client, userdata: Any, flags: Any, reason: Any, props: Any) -> None:
    print("disconnected:", reason, reason.is_failure)


version = mqtt.CallbackAPIVersion.VERSION2  # type: ignore[attr-defined]
client = mqtt.Client(version, client_id="meter-17", userdata={})
client.on_connect, client.on_disconnect = on_connect, on_disconnect
client.on_subscribe, client.on_unsubscribe = on_subscribe, on_unsubscribe
client.on_message = on_message
client.message_callback_add("meters/17/set/period", on_period)
client.will_set("meters/17/state", "lost", qos=1)
client.connect(sys.argv[1], int(sys.argv[2]), keepalive=60)
client.loop_forever()
