"""Wrong calls of both modems, and what the error says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import m531x

__all__ = ["CLOSED", "REFUSED"]

# Deliberately untyped: much of what is called here would not pass a type checker.
Call = Callable[[Any], Any]


def released() -> memoryview:
    """A view that cannot be read any more."""
    view = memoryview(b"x")
    view.release()
    return view


REFUSED: dict[str, tuple[Call, str]] = {
    "topic with CR": (lambda m: m.publish("a\rb", "x"), "topic"),
    "topic with LF": (lambda m: m.publish("a\nb", "x"), "topic"),
    "topic with quote": (lambda m: m.publish('a"b', "x"), "topic"),
    "topic with NUL": (lambda m: m.publish("a\0b", "x"), "topic"),
    "topic with Ctrl-Z": (lambda m: m.publish("a\x1ab", "x"), "topic"),
    "topic with a lone surrogate": (lambda m: m.publish("a\ud800", "x"), "topic.*index 1.*UTF-8"),
    "topic of bytes": (lambda m: m.publish(b"a", "x"), "topic is bytes: give str"),
    "topic a number": (lambda m: m.publish(5, "x"), "topic is int: give str"),
    "topic nothing": (lambda m: m.publish(None, "x"), "topic is NoneType: give str"),
    "topic with wildcard": (lambda m: m.publish("a/#", "x"), "topic"),
    "topic empty": (lambda m: m.publish("", "x"), "topic"),
    "topic over the limit": (lambda m: m.publish("a" * 600, "x"), "512"),
    "payload over the limit": (lambda m: m.publish("a", b"\0" * 600), "1024|limit"),
    "payload far over the limit": (lambda m: m.publish("a", b"\0" * 100_000), "limit|most|fit"),
    "payload a number": (lambda m: m.publish("a", 5), "int.*str"),
    "payload nothing": (lambda m: m.publish("a", None), "NoneType"),
    "payload a float": (lambda m: m.publish("a", 21.5), "float.*str"),
    "payload a released memoryview": (lambda m: m.publish("a", released()), "payload.*released"),
    "payload a list": (lambda m: m.publish("a", [1]), "list"),
    "payload not UTF-8": (lambda m: m.publish("a", "\ud800"), "UTF-8"),
    "QoS a bool": (lambda m: m.publish("a", "x", True), "qos is bool: give 0, 1 or 2"),
    "QoS a text": (lambda m: m.publish("a", "x", "1"), "qos is str: give 0, 1 or 2"),
    "QoS of many digits": (lambda m: m.publish("a", "x", 10**30), "qos is far.*0, 1 or 2"),
    "retain a number": (lambda m: m.publish("a", "x", 1, 1), "retain is int: give True or False"),
    "QoS 3": (lambda m: m.publish("a", "x", qos=3), "QoS 3"),
    "QoS -1": (lambda m: m.publish("a", "x", qos=-1), "QoS -1"),
    "QoS 300": (lambda m: m.subscribe("a", qos=300), "QoS 300"),
    "timeout negative": (lambda m: m.publish("a", "x", timeout=-1), "timeout is -1"),
    "timeout a bool": (lambda m: m.publish("a", "x", timeout=True), "timeout is bool.*seconds"),
    "timeout a text": (lambda m: m.command("AT", timeout="1"), "timeout is str.*seconds"),
    "timeout beyond floats": (lambda m: m.command("AT", timeout=10**400), "timeout is far"),
    "nowait timeout negative": (lambda m: m.publish_nowait("a", "x", timeout=-1), "timeout is -1"),
    "messages timeout a bool": (lambda m: m.messages(timeout=False), "timeout is bool"),
    "connect timeout negative": (lambda m: m.connect("b", client_id="c", timeout=-1), "is -1"),
    "timeout NaN": (lambda m: m.command("AT", timeout=float("nan")), "timeout is NaN"),
    "messages timeout negative": (lambda m: m.messages(timeout=-0.1), "timeout is -0.1"),
    "nowait QoS 3": (lambda m: m.publish_nowait("a", "x", qos=3), "QoS 3"),
    "filter with quote": (lambda m: m.subscribe('a"b'), "topic|filter"),
    "filter with misplaced wildcard": (lambda m: m.subscribe("a#"), "#|wildcard"),
    "filter over the limit": (lambda m: m.subscribe("a" * 600), "512"),
    "filter with a lone surrogate": (lambda m: m.subscribe("\udfff"), "topic.*index 0"),
    "filter of bytes": (lambda m: m.subscribe(b"a"), "topic is bytes: give str"),
    "filter a list": (lambda m: m.subscribe(["a"], callback=print), "topic is list: give str"),
    "unsubscribe of bytes": (lambda m: m.unsubscribe(b"a"), "topic is bytes"),
    "hex a number": (lambda m: m.subscribe("a", hex=1), "hex is int"),
    "hex on M5310-A": (lambda m: m.subscribe("a", hex=True), "M5310-A"),
    "command of bytes": (lambda m: m.command(b"AT"), "line is bytes: give str"),
    "command with a lone surrogate": (lambda m: m.command("AT\ud800"), "line.*index 2"),
    "command with CR": (lambda m: m.command("AT\rAT"), "carriage|CR|0x0d|control"),
    "command with NUL": (lambda m: m.command("AT\0"), "NUL|0x00|control"),
    "command over the limit": (lambda m: m.command("AT" + "x" * 2000), "1024|limit"),
    "port 0": (lambda m: m.connect("b", 0, client_id="c"), "port"),
    "port 70000": (lambda m: m.connect("b", 70_000, client_id="c"), "port is 70000"),
    "host with quote": (lambda m: m.connect('b"', client_id="c"), "host"),
    "host empty": (lambda m: m.connect("", client_id="c"), "host"),
    "client id with CR": (lambda m: m.connect("b", client_id="c\r"), "client"),
    "keepalive not above the ack timeout": (
        lambda m: m.connect("b", client_id="c", keepalive=10, ack_timeout=10),
        "keep-?alive.*10",
    ),
    "keepalive out of range": (lambda m: m.connect("b", client_id="c", keepalive=70_000), "70000"),
    "password with quote": (
        lambda m: m.connect("b", client_id="c", username="u", password='secret"x'),
        "password",
    ),
    "tls on M5310-A": (lambda m: m.connect("b", client_id="c", tls=True), "M5310-A|TLS|encrypt"),
    "port a text": (lambda m: m.connect("b", "1883", client_id="c"), "port is str: give 1 to"),
    "client id a number": (lambda m: m.connect("b", client_id=5), "client_id is int: give str"),
    "keepalive a text": (
        lambda m: m.connect("b", client_id="c", keepalive="60"),
        "keepalive is str",
    ),
    "tls a number": (lambda m: m.connect("b", client_id="c", tls=1), "tls is int"),
    "password of bytes": (
        lambda m: m.connect("b", client_id="c", username="u", password=b"secret"),
        "password is bytes: give str",
    ),
    "password with a lone surrogate": (
        lambda m: m.connect("b", client_id="c", username="u", password="secret\ud800"),
        "password.*index 6",
    ),
    "will a text": (lambda m: m.connect("b", client_id="c", will="x"), "will is str: give a Will"),
    "will with a topic of bytes": (
        lambda m: m.connect("b", client_id="c", will=m531x.Will(b"w", "x")),  # type: ignore[arg-type]
        "will's topic is bytes",
    ),
    "will QoS 3": (
        lambda m: m.connect("b", client_id="c", will=m531x.Will("w", "x", qos=3)),
        "QoS 3",
    ),
    "will that cannot be text": (
        lambda m: m.connect("b", client_id="c", will=m531x.Will("w", b"\0")),
        "will",
    ),
    "ack timeout a float": (lambda m: m.set_ack_timeout(1.5), "ack timeout is float"),
    "ping report a number": (lambda m: m.set_ping_report(1), "enabled is int"),
    "network timeout NaN": (lambda m: m.wait_for_network(float("nan")), "timeout is NaN"),
    "ack timeout negative": (lambda m: m.set_ack_timeout(-5), "-5"),
}

CLOSED: dict[str, Call] = {
    "connect": lambda m: m.connect("b", client_id="c"),
    "publish": lambda m: m.publish("a", "x"),
    "publish_nowait": lambda m: m.publish_nowait("a", "x"),
    "subscribe": lambda m: m.subscribe("a"),
    "subscribe with callback": lambda m: m.subscribe("a", callback=print),
    "unsubscribe": lambda m: m.unsubscribe("a"),
    "messages": lambda m: m.messages(timeout=0),
    "disconnect": lambda m: m.disconnect(),
    "delete": lambda m: m.delete(),
    "status": lambda m: m.status(),
    "config": lambda m: m.config(),
    "info": lambda m: m.info(),
    "signal": lambda m: m.signal(),
    "command": lambda m: m.command("AT"),
    "wake": lambda m: m.wake(),
    "reboot": lambda m: m.reboot(),
    "wait_for_network": lambda m: m.wait_for_network(timeout=1),
    "set_ack_timeout": lambda m: m.set_ack_timeout(5),
    "set_ping_report": lambda m: m.set_ping_report(True),
}
