"""Publishes to itself through a modem: first_script.py [PORT BROKER], by default a virtual one."""

import sys

import m531x

port, broker = sys.argv[1:] or ("virtual://", "broker.example")

with m531x.Modem(port) as modem:
    modem.connect(broker, client_id="meter-17")
    subscription = modem.subscribe("meters/+", qos=1)
    modem.publish("meters/17", "21.5 °C", qos=1)
    message = subscription.receive(timeout=10)
    print(message.topic, message.text)
