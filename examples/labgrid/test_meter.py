"""Tests of a meter on a module of the lab."""

import uuid


def test_a_reading_comes_back(strategy, target):
    strategy.transition("connected")
    modem = target.get_driver("M531xDriver").modem
    topic = f"lab/{uuid.uuid4().hex}"
    readings = modem.subscribe(topic, qos=1)
    modem.publish(topic, "21.5", qos=1)
    assert readings.receive(timeout=30).text == "21.5"


def test_the_module_comes_back_after_a_reset(strategy, target):
    strategy.transition("connected")
    driver = target.get_driver("M531xDriver")
    driver.reset()
    strategy.transition("connected")
    assert driver.modem.publish("lab/state", "back", qos=1).qos == 1
