"""paho-mqtt's client, with a module in place of the network: for scripts that are written for it.

A script that uses ``paho.mqtt.client`` (version 2) needs one changed line, its import::

    import m531x.paho as mqtt  # was: import paho.mqtt.client as mqtt

The serial port is ``Client(port=...)`` or, without it, the environment variable ``M531X_PORT``. The
broker is that of ``connect``, as with paho. New programs are shorter with `m531x.Modem`.

The module cannot do all that paho can: certificates of one's own, websockets, proxies, MQTT 5 and
acknowledgements by the program raise `m531x.InvalidArgumentError`, a ``ValueError``, with the
reason.

Examples:
    >>> import m531x.paho as mqtt
    >>> def on_connect(client, userdata, flags, reason_code, properties):
    ...     print(reason_code)
    ...     client.subscribe("meters/+")
    >>> def on_subscribe(client, userdata, mid, reason_codes, properties):
    ...     client.publish("meters/17", 21.5)
    >>> def on_message(client, userdata, message):
    ...     print(message.topic, message.payload)
    ...     client.disconnect()
    >>> client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, port="virtual://")
    >>> client.on_connect, client.on_subscribe = on_connect, on_subscribe
    >>> client.on_message = on_message
    >>> _ = client.connect("broker.example")
    >>> _ = client.loop_forever()
    Success
    meters/17 b'21.5'
"""

from __future__ import annotations

from m531x._native import topic_matches as topic_matches_sub
from m531x.paho._client import Client
from m531x.paho._publishes import MQTTMessageInfo
from m531x.paho._values import (
    CONNACK_ACCEPTED,
    CONNACK_REFUSED_BAD_USERNAME_PASSWORD,
    CONNACK_REFUSED_IDENTIFIER_REJECTED,
    CONNACK_REFUSED_NOT_AUTHORIZED,
    CONNACK_REFUSED_PROTOCOL_VERSION,
    CONNACK_REFUSED_SERVER_UNAVAILABLE,
    MQTT_CLEAN_START_FIRST_ONLY,
    MQTT_ERR_ACL_DENIED,
    MQTT_ERR_AGAIN,
    MQTT_ERR_AUTH,
    MQTT_ERR_CONN_LOST,
    MQTT_ERR_CONN_REFUSED,
    MQTT_ERR_ERRNO,
    MQTT_ERR_INVAL,
    MQTT_ERR_KEEPALIVE,
    MQTT_ERR_NO_CONN,
    MQTT_ERR_NOMEM,
    MQTT_ERR_NOT_FOUND,
    MQTT_ERR_NOT_SUPPORTED,
    MQTT_ERR_PAYLOAD_SIZE,
    MQTT_ERR_PROTOCOL,
    MQTT_ERR_QUEUE_SIZE,
    MQTT_ERR_SUCCESS,
    MQTT_ERR_TLS,
    MQTT_ERR_UNKNOWN,
    MQTT_LOG_DEBUG,
    MQTT_LOG_ERR,
    MQTT_LOG_INFO,
    MQTT_LOG_NOTICE,
    MQTT_LOG_WARNING,
    CallbackAPIVersion,
    ConnectFlags,
    DisconnectFlags,
    MQTTErrorCode,
    MQTTMessage,
    MQTTProtocolVersion,
    MQTTv5,
    MQTTv31,
    MQTTv311,
    Properties,
    ReasonCode,
    connack_string,
    error_string,
)

__all__ = [
    "CONNACK_ACCEPTED",
    "CONNACK_REFUSED_BAD_USERNAME_PASSWORD",
    "CONNACK_REFUSED_IDENTIFIER_REJECTED",
    "CONNACK_REFUSED_NOT_AUTHORIZED",
    "CONNACK_REFUSED_PROTOCOL_VERSION",
    "CONNACK_REFUSED_SERVER_UNAVAILABLE",
    "MQTT_CLEAN_START_FIRST_ONLY",
    "MQTT_ERR_ACL_DENIED",
    "MQTT_ERR_AGAIN",
    "MQTT_ERR_AUTH",
    "MQTT_ERR_CONN_LOST",
    "MQTT_ERR_CONN_REFUSED",
    "MQTT_ERR_ERRNO",
    "MQTT_ERR_INVAL",
    "MQTT_ERR_KEEPALIVE",
    "MQTT_ERR_NOMEM",
    "MQTT_ERR_NOT_FOUND",
    "MQTT_ERR_NOT_SUPPORTED",
    "MQTT_ERR_NO_CONN",
    "MQTT_ERR_PAYLOAD_SIZE",
    "MQTT_ERR_PROTOCOL",
    "MQTT_ERR_QUEUE_SIZE",
    "MQTT_ERR_SUCCESS",
    "MQTT_ERR_TLS",
    "MQTT_ERR_UNKNOWN",
    "MQTT_LOG_DEBUG",
    "MQTT_LOG_ERR",
    "MQTT_LOG_INFO",
    "MQTT_LOG_NOTICE",
    "MQTT_LOG_WARNING",
    "CallbackAPIVersion",
    "Client",
    "ConnectFlags",
    "DisconnectFlags",
    "MQTTErrorCode",
    "MQTTMessage",
    "MQTTMessageInfo",
    "MQTTProtocolVersion",
    "MQTTv5",
    "MQTTv31",
    "MQTTv311",
    "Properties",
    "ReasonCode",
    "connack_string",
    "error_string",
    "topic_matches_sub",
]
