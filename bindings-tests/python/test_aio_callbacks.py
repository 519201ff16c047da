"""Callbacks of the modem for asyncio."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import m531x
from aio_support import connected, run
from m531x import aio
from pythons import PYTHONS
from pythons import run as run_script_on


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


def test_messages_of_a_shared_subscription_go_to_its_callback_or_reader() -> None:
    async def main() -> None:
        calls: asyncio.Queue[str] = asyncio.Queue()
        async with await connected() as modem:
            await modem.subscribe("$share/g/a/+", callback=lambda m: calls.put_nowait(m.topic))
            subscription = await modem.subscribe("$queue/b/#")
            await modem.publish("a/1", "x")
            assert await asyncio.wait_for(calls.get(), 10) == "a/1"
            await modem.publish("b/2", "y")
            received = await subscription.messages(timeout=10).__anext__()
            assert received.topic == "b/2"

    run(main)


def test_on_connect_replaces_the_callbacks_that_it_registered_before() -> None:
    async def main() -> None:
        received: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        connected: asyncio.Queue[int] = asyncio.Queue()
        calls = 0
        async with aio.Modem("virtual://", recovery=m531x.Recovery(initial_delay=0.01)) as modem:

            async def on_connect() -> None:
                nonlocal calls
                calls = call = calls + 1
                await modem.subscribe("a", callback=lambda m: received.put_nowait((m.text, call)))
                connected.put_nowait(call)

            modem.on_connect = on_connect
            await modem.connect("broker.example", client_id="test")
            assert await asyncio.wait_for(connected.get(), 10) == 1
            assert modem.virtual_modem is not None
            modem.virtual_modem.reboot()
            assert await asyncio.wait_for(connected.get(), 30) == 2
            for text in ("x", "y"):
                await modem.publish("a", text, qos=1)
                assert await asyncio.wait_for(received.get(), 10) == (text, 2)
            assert received.empty()

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


@pytest.mark.parametrize("way", ["plain", "coroutine"])
def test_sys_exit_and_ctrl_c_in_a_callback_leave_the_loop_as_in_any_task(way: str) -> None:
    for raised in (SystemExit("enough"), KeyboardInterrupt()):

        async def main(raised: BaseException = raised) -> None:
            def plain(_: m531x.Message) -> None:
                raise raised

            async def coroutine(_: m531x.Message) -> None:
                raise raised

            async with await connected() as modem:
                await modem.subscribe("t", callback=plain if way == "plain" else coroutine)
                await modem.publish("t", "x")
                await asyncio.sleep(20)

        with pytest.raises(type(raised)) as caught:
            asyncio.run(main())
        assert caught.value.args == raised.args


@pytest.mark.parametrize("version", PYTHONS)
def test_the_loop_of_every_python_handles_an_exception_of_a_callback(version: str) -> None:
    script = """
        import asyncio
        from m531x import aio

        async def main():
            about = asyncio.get_running_loop().create_future()
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, what: about.set_result(what))
            async with aio.Modem("virtual://") as modem:
                await modem.connect("broker.example", client_id="test")
                await modem.subscribe("t", callback=lambda message: 1 / 0)
                await modem.publish("t", "bad")
                print(repr((await asyncio.wait_for(about, 10))["exception"]))

        asyncio.run(main())
    """
    done = run_script_on(version, script)
    assert (done.code, done.out) == (0, "ZeroDivisionError('division by zero')\n"), done


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
