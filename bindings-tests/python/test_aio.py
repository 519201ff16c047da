"""The modem for asyncio: the same methods, with await."""

from __future__ import annotations

import asyncio

import pytest

import m531x
from aio_support import connected, run
from m531x import aio


def test_publishes_and_receives_over_a_pseudo_terminal_and_a_real_broker(
    virtual: m531x.VirtualModem, client_id: str, topic: str
) -> None:
    async def main() -> None:
        async with aio.Modem(virtual.port) as modem:
            await modem.connect("broker.example", client_id=client_id)
            subscription = await modem.subscribe(f"{topic}/#", qos=2)
            assert subscription.granted_qos == 2
            for qos, payload in enumerate([b"\x00\xff\r\nOK\r\n", "温度".encode(), b"2"]):
                receipt = await modem.publish(f"{topic}/{qos}", payload, qos)
                assert receipt.qos == qos
                message = await subscription.messages(timeout=10).__anext__()
                assert (message.topic, message.payload) == (f"{topic}/{qos}", payload)
            await subscription.unsubscribe()
            assert modem.subscriptions() == []
            await modem.disconnect()
            assert modem.state is m531x.MqttState.CONFIGURED

    run(main)


def test_every_question_to_the_module_has_its_answer() -> None:
    async def main() -> None:
        async with aio.Modem("virtual://", model="M5311", recovery=None) as modem:
            await modem.wait_for_network(timeout=10)
            assert (await modem.info()).model == "M5311"
            assert (await modem.signal()).rssi_dbm is not None
            await modem.connect("broker.example", client_id="test", username="u", password="geheim")
            assert await modem.status() is m531x.MqttState.CONNECTED
            assert (await modem.config()).client_id == "test"
            await modem.set_ack_timeout(5)
            await modem.set_ping_report(True)
            await modem.wake()
            assert await modem.command("AT") == []
            await modem.reboot()
            assert modem.state is not m531x.MqttState.CONNECTED
            assert modem.stats().reboots == 1

    run(main)


def test_many_tasks_each_get_their_own_answer() -> None:
    async def main() -> None:
        async with await connected() as modem:
            commands = ["AT+CGMM", "AT+CSQ", "AT+CEREG?", "AT+CGSN=1"] * 25
            answers = await asyncio.gather(*(modem.command(line) for line in commands))
            for line, answer in zip(commands, answers, strict=True):
                name = line.removeprefix("AT").rstrip("?").split("=")[0]
                assert answer[0].startswith("M5310-A" if name == "+CGMM" else name), line

    run(main)


def test_deliveries_are_awaited_and_called_back_and_go_out_in_order() -> None:
    async def main() -> None:
        async with await connected() as modem:
            await modem.subscribe("count")
            called: list[aio.Delivery] = []
            deliveries = [modem.publish_nowait("count", str(n), qos=1) for n in range(30)]
            deliveries[0].add_done_callback(called.append)
            waiting = asyncio.create_task(deliveries[-1].wait())
            await asyncio.sleep(0)
            waiting.cancel()
            assert [(await delivery).qos for delivery in deliveries] == [1] * 30
            assert (await deliveries[-1].wait(timeout=1)).packet_id is not None
            texts = [message.text async for message in modem.messages(timeout=0.2)]
            assert texts == [str(n) for n in range(30)]
            assert called == [deliveries[0]]

    run(main)


def test_a_delivery_that_failed_tells_why_and_nobody_has_to_ask() -> None:
    async def main() -> None:
        async with aio.Modem("virtual://") as modem:
            with pytest.raises(m531x.NotConnectedError):
                await modem.publish_nowait("t", "x")
            modem.publish_nowait("t", "x")

    run(main)


def test_another_loop_is_refused_before_a_byte_is_sent() -> None:
    loop = asyncio.new_event_loop()
    try:
        modem = loop.run_until_complete(connected())
        sent = modem.stats().bytes_sent

        async def elsewhere() -> None:
            with pytest.raises(m531x.InvalidArgumentError, match="another event loop"):
                await modem.command("AT")
            with pytest.raises(m531x.InvalidArgumentError, match="another event loop"):
                modem.publish_nowait("t", "x")

        asyncio.run(elsewhere())
        assert modem.stats().bytes_sent == sent
        loop.run_until_complete(modem.close())
    finally:
        loop.close()
