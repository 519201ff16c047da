"""The modem for asyncio: the same methods, with await."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import m531x
from m531x import aio

Virtual = m531x.VirtualModem


def run(main: Callable[[], Awaitable[None]], limit: float = 30) -> None:
    """Runs a coroutine in a loop of its own; what the loop complains of is an error."""
    complaints: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
        await asyncio.wait_for(main(), limit)

    asyncio.run(watched(), debug=False)
    assert complaints == []


async def connected(**options: Any) -> aio.Modem:
    modem = await aio.Modem("virtual://", **options)
    await modem.connect("broker.example", client_id="test")
    return modem


def test_publishes_and_receives_over_a_pseudo_terminal_and_a_real_broker(
    virtual: Virtual, client_id: str, topic: str
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
            assert modem.mqtt_state() is m531x.MqttState.CONFIGURED

    run(main)


def test_every_question_to_the_module_has_its_answer() -> None:
    async def main() -> None:
        async with aio.Modem("virtual://", model="M5311") as modem:
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
            assert modem.mqtt_state() is not m531x.MqttState.CONNECTED
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


def test_many_modems_share_a_loop_and_no_thread_of_python_waits() -> None:
    async def main() -> None:
        threads = threading.active_count()
        modems = await asyncio.gather(*(connected() for _ in range(20)))
        assert threading.active_count() == threads
        for modem in modems:
            await modem.subscribe("own")
        await asyncio.gather(*(modem.publish("own", str(n)) for n, modem in enumerate(modems)))
        for n, modem in enumerate(modems):
            async for message in modem.messages(timeout=10):
                assert message.text == str(n)
                break
        await asyncio.gather(*(modem.close() for modem in modems))

    run(main)


def test_a_cancelled_command_leaves_the_modem_usable(virtual: Virtual, client_id: str) -> None:
    async def main() -> None:
        async with aio.Modem(virtual.port) as modem:
            await modem.connect("broker.example", client_id=client_id)
            for delay in (0.0, 0.0001, 0.001, 0.01):
                task = asyncio.create_task(modem.command("AT+CGMM"))
                await asyncio.sleep(delay)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                assert (await modem.command("AT+CSQ"))[0].startswith("+CSQ")
            assert (await modem.publish("t", "x", qos=1)).qos == 1

    run(main)


def test_a_time_limit_of_asyncio_ends_a_publish_nobody_acknowledges() -> None:
    async def main() -> None:
        with m531x.VirtualModem(faults=["lost-ack=any"]) as virtual:
            async with aio.Modem(virtual.port) as modem:
                await modem.connect("broker.example", client_id="test")
                begun = time.monotonic()
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(modem.publish("t", "x", qos=1), 0.2)
                assert time.monotonic() - begun < 2
                assert (await modem.command("AT+CGMM")) == ["M5310-A"]

    run(main)


def test_waiting_for_a_message_can_be_cancelled_and_loses_none() -> None:
    async def main() -> None:
        async with await connected() as modem:
            await modem.subscribe("t")
            messages = modem.messages()
            for _ in range(5):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(messages.__anext__(), 0.01)
            for n in range(20):
                await modem.publish("t", str(n))
            assert [(await messages.__anext__()).text for _ in range(20)] == [
                str(n) for n in range(20)
            ]

    run(main)


def test_messages_end_after_the_time_and_when_the_modem_closes() -> None:
    async def main() -> None:
        modem = await connected()
        assert [message async for message in modem.messages(timeout=0)] == []
        assert [message async for message in modem.messages(timeout=0.05)] == []

        async def read() -> list[m531x.Message]:
            return [message async for message in modem.messages()]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        await modem.close()
        assert await reading == []

    run(main)


def test_callbacks_of_both_kinds_run_in_order_one_after_the_other() -> None:
    async def main() -> None:
        calls: list[str] = []
        done = asyncio.Event()

        async def slow(message: m531x.Message) -> None:
            calls.append(f"begin {message.text}")
            await asyncio.sleep(0.01)
            calls.append(f"end {message.text}")

        def quick(message: m531x.Message) -> None:
            calls.append(f"quick {message.text}")
            if message.text == "2":
                done.set()

        async with await connected() as modem:
            await modem.subscribe("a", callback=slow)
            modem.on_message = quick
            await modem.subscribe("b")
            await modem.publish("a", "1")
            await modem.publish("b", "2")
            await asyncio.wait_for(done.wait(), 10)
        assert calls == ["begin 1", "end 1", "quick 2"]

    run(main)


def test_a_callback_may_await_the_modem_and_close_it() -> None:
    async def main() -> None:
        answers: list[object] = []
        modem = await connected()

        async def callback(message: m531x.Message) -> None:
            answers.append(await modem.command("AT+CGMM"))
            answers.append((await modem.publish("other", message.payload, qos=1)).qos)
            await modem.close()
            answers.append("closed")

        await modem.subscribe("question", callback=callback)
        await modem.publish("question", "hello")
        while len(answers) < 3:
            await asyncio.sleep(0.005)
        assert answers == [["M5310-A"], 1, "closed"]

    run(main)


def test_an_exception_in_a_callback_is_reported_and_counted_and_the_next_goes_on() -> None:
    reports: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, about: reports.append(about))
        seen = asyncio.Event()

        async def callback(message: m531x.Message) -> None:
            if message.text == "bad":
                raise ValueError(message.text)
            seen.set()

        async with await connected() as modem:
            await modem.subscribe("t", callback=callback)
            await modem.publish("t", "bad")
            await modem.publish("t", "good")
            await asyncio.wait_for(seen.wait(), 10)
            assert modem.stats().callback_errors == 1

    run(main)
    assert [str(about["exception"]) for about in reports] == ["bad"]


def test_events_reach_their_callbacks() -> None:
    async def main() -> None:
        seen: list[object] = []
        async with aio.Modem("virtual://") as modem:
            modem.on_connect = lambda: seen.append("connected")
            modem.on_disconnect = lambda reason: seen.append(reason)
            modem.on_event = lambda event: seen.append(event.kind)
            await modem.connect("broker.example", client_id="test")
            await modem.disconnect()
            while not any(isinstance(entry, str) and entry != "connected" for entry in seen):
                await asyncio.sleep(0.005)
        assert "connected" in seen
        assert m531x.EventKind.STATE_CHANGED in seen

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


def test_closing_ends_every_wait() -> None:
    async def main() -> None:
        with m531x.VirtualModem(faults=["lost-ack=any"]) as virtual:
            modem = await aio.Modem(virtual.port)
            await modem.connect("broker.example", client_id="test")
            waiting = [asyncio.create_task(modem.publish("t", "x", qos=1)) for _ in range(5)]
            await asyncio.sleep(0.05)
            begun = time.monotonic()
            await modem.close()
            assert time.monotonic() - begun < 0.5
            for result in await asyncio.gather(*waiting, return_exceptions=True):
                assert isinstance(result, m531x.ClosedError)
            await modem.close()
            with pytest.raises(m531x.ClosedError):
                await modem.command("AT")
            with pytest.raises(m531x.ClosedError):
                modem.messages()

    run(main)


def test_a_full_inbox_holds_the_line_up_and_loses_nothing() -> None:
    async def main() -> None:
        async with await connected(queue_size=8) as modem:
            await modem.subscribe("t")
            assert modem.virtual_modem is not None
            modem.virtual_modem.inject(
                b"".join(b"+MQTTPUBLISH:0,0,0,0,t,4,%04d\r\n" % n for n in range(5000))
            )
            while modem.stats().queued < 16:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            assert modem.stats().messages < 5000
            texts = []
            async for message in modem.messages(timeout=5):
                texts.append(message.text)
                if len(texts) == 5000:
                    break
            assert texts == [f"{n:04}" for n in range(5000)]
            assert modem.stats().dropped == 0

    run(main)


@pytest.mark.parametrize(("overflow", "kept"), [("drop_oldest", "199"), ("drop_newest", "000")])
def test_a_full_inbox_drops_and_counts_where_it_is_told_to(overflow: Any, kept: str) -> None:
    async def main() -> None:
        async with await connected(queue_size=8, overflow=overflow) as modem:
            await modem.subscribe("t")
            assert modem.virtual_modem is not None
            for n in range(200):
                modem.virtual_modem.inject(b"+MQTTPUBLISH:0,0,0,0,t,3,%03d\r\n" % n)
            while modem.stats().messages < 200:
                await asyncio.sleep(0.005)
            texts = [message.text async for message in modem.messages(timeout=0.1)]
            assert kept in texts
            assert modem.stats().dropped == 200 - len(texts) > 0

    run(main)


def test_a_lost_port_ends_messages_with_the_reason() -> None:
    async def main() -> None:
        virtual = m531x.VirtualModem()
        async with aio.Modem(virtual.port, recovery=None) as modem:
            await modem.connect("broker.example", client_id="test")
            messages = modem.messages()
            virtual.close()
            with pytest.raises(m531x.PortError):
                await messages.__anext__()
            with pytest.raises(m531x.PortError):
                await modem.command("AT")

    run(main)


def test_opening_fails_as_the_other_modem_does_and_leaves_nothing() -> None:
    async def main() -> None:
        with pytest.raises(m531x.PortError, match="/dev/no-such-port"):
            await aio.Modem("/dev/no-such-port")
        with pytest.raises(m531x.InvalidArgumentError, match="M9999"):
            aio.Modem("virtual://", model="M9999")
        modem = aio.Modem("virtual://")
        with pytest.raises(m531x.ClosedError, match="async with"):
            await modem.command("AT")
        async with modem:
            pass
        with pytest.raises(m531x.ClosedError, match="make a new one"):
            await modem.open()

    run(main)


def test_opening_can_be_cancelled() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            begun = time.monotonic()
            port = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(aio.Modem(port).open(), 0.1)
            assert time.monotonic() - begun < 2
            connection, _ = mute.accept()
            with connection:
                connection.settimeout(5)
                while connection.recv(100):
                    pass  # it hangs up, sooner than its 10 s for the opening

    run(main)


def test_another_loop_is_refused() -> None:
    loop = asyncio.new_event_loop()
    try:
        modem = loop.run_until_complete(connected())

        async def elsewhere() -> None:
            with pytest.raises(m531x.InvalidArgumentError, match="another event loop"):
                await modem.command("AT")

        asyncio.run(elsewhere())
        loop.run_until_complete(modem.close())
    finally:
        loop.close()


def test_a_modem_that_nobody_closed_says_so() -> None:
    async def main() -> None:
        modem = await connected()
        with pytest.warns(ResourceWarning, match="unclosed"):
            del modem
        await asyncio.sleep(0)

    run(main)


@pytest.mark.parametrize(
    ("callback", "expected"),
    [(lambda: None, r"callback\(message\)"), ("text", "cannot be called")],
)
def test_a_wrong_callback_is_refused_when_it_is_set(callback: Any, expected: str) -> None:
    async def main() -> None:
        async with await connected() as modem:
            with pytest.raises(m531x.InvalidArgumentError, match=expected):
                await modem.subscribe("t", callback=callback)
            with pytest.raises(m531x.InvalidArgumentError):
                modem.on_message = callback

    run(main)
