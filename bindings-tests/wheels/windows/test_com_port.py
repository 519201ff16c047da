"""A COM port, which wine maps to the pseudo-terminal of a virtual M5311."""

import asyncio

import pytest

import m531x
import m531x.aio


def test_a_message_goes_out_and_comes_back_over_a_com_port() -> None:
    payload = bytes(range(256)) + b"\r\nOK\r\n"
    with m531x.Modem("COM7") as modem:
        assert modem.info().model == "M5311"
        modem.connect("broker.example", client_id="com")
        modem.subscribe("com/#", qos=2)
        modem.publish("com/1", payload, qos=2)
        message = next(modem.messages(timeout=20))
        assert (message.topic, message.payload) == ("com/1", payload)


def test_a_port_that_does_not_exist_is_named() -> None:
    with pytest.raises(m531x.PortError, match="COM77"):
        m531x.Modem("COM77")


def test_both_loops_of_asyncio_drive_it() -> None:
    async def talk() -> str:
        async with m531x.aio.Modem("COM7") as modem:
            return (await modem.info()).model

    assert asyncio.run(talk()) == "M5311"
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        assert runner.run(talk()) == "M5311"
