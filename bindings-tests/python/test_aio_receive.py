"""Reading messages in asyncio, and what ends the reading."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable

import pytest

import m531x
from m531x import aio


def run(main: Callable[[aio.Modem], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with aio.Modem("virtual://") as modem:
            await modem.connect("broker.example", client_id="test")
            await main(modem)

    asyncio.run(all_of_it())


def test_receive_returns_the_next_message_or_raises() -> None:
    async def main(modem: aio.Modem) -> None:
        with pytest.raises(m531x.ModemTimeoutError, match="nothing is subscribed"):
            await modem.receive(timeout=0)
        meters = await modem.subscribe("meter/#")
        waiting = asyncio.ensure_future(modem.receive(timeout=30))
        await modem.publish("meter/17", "1", qos=1)
        await modem.publish("meter/17", "2", qos=1)
        assert (await waiting).text == "1"
        assert (await meters.receive(timeout=30)).text == "2"
        with pytest.raises(m531x.ModemTimeoutError, match=r"0\.01 s"):
            await meters.receive(timeout=0.01)

    run(main)


@pytest.mark.parametrize("end", ["unsubscribe", "disconnect", "close"])
def test_a_wait_ends_with_what_it_waits_for(end: str) -> None:
    async def main(modem: aio.Modem) -> None:
        subscription = await modem.subscribe("t")

        async def read() -> list[m531x.Message]:
            return [message async for message in subscription.messages()]

        reading = asyncio.ensure_future(read())
        receiving = asyncio.ensure_future(subscription.receive())
        await asyncio.sleep(0)
        await (subscription if end == "unsubscribe" else modem).__getattribute__(end)()
        assert await asyncio.wait_for(reading, 30) == []
        with pytest.raises((m531x.ClosedError, m531x.NotConnectedError)):
            await asyncio.wait_for(receiving, 30)

    run(main)


@pytest.mark.parametrize("end", ["disconnect", "close"])
def test_reading_from_the_modem_ends_behind_what_has_arrived(end: str) -> None:
    async def main(modem: aio.Modem) -> None:
        await modem.subscribe("t")

        async def read() -> list[str]:
            return [message.text async for message in modem.messages()]

        reading = asyncio.ensure_future(read())
        await modem.publish("t", "x", qos=1)
        while not modem.stats().messages:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(modem.receive())
        await asyncio.sleep(0)
        await (modem.disconnect() if end == "disconnect" else modem.close())
        assert await asyncio.wait_for(reading, 30) == ["x"]
        ended = m531x.NotConnectedError if end == "disconnect" else m531x.ClosedError
        with pytest.raises(ended):
            await asyncio.wait_for(waiting, 30)
        if end == "close":
            with pytest.raises(m531x.ClosedError):
                modem.messages()
            with pytest.raises(m531x.ClosedError):
                await modem.receive(timeout=0)
        else:
            await modem.connect("broker.example", client_id="test")
            with pytest.raises(m531x.ModemTimeoutError):
                await modem.receive(timeout=0)

    run(main)


def test_the_end_of_async_with_waits_no_longer_than_a_goodbye_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("m531x.aio._modem.LEAVING_S", 0.01)
    left: list[asyncio.Future[None]] = []

    async def main() -> None:
        async with aio.Modem("virtual://") as modem:
            await modem.connect("broker.example", client_id="test")

            def begin_and_never_end(operation: object) -> asyncio.Future[None]:
                left.append(asyncio.get_running_loop().create_future())
                return left[-1]

            monkeypatch.setattr(modem, "_run", begin_and_never_end)
        assert modem.closed

    asyncio.run(asyncio.wait_for(main(), 30))
    assert [future.cancelled() for future in left] == [True]


def test_a_further_subscription_of_a_filter_lowers_no_qos() -> None:
    async def main() -> tuple[int, int]:
        async with aio.Modem("virtual://") as modem:
            await modem.connect("broker.example", client_id="test")
            one = await modem.subscribe("t", qos=1)
            two = await modem.subscribe("t")
            await modem.publish("t", "x", qos=1)
            return (await one.receive(timeout=10)).qos, two.granted_qos

    assert asyncio.run(main()) == (1, 1)


def test_two_subscriptions_of_a_filter_get_every_message() -> None:
    async def main(modem: aio.Modem) -> None:
        one, two = await modem.subscribe("t"), await modem.subscribe("t")
        called: asyncio.Queue[str] = asyncio.Queue()
        three = await modem.subscribe("t", callback=lambda message: called.put_nowait(message.text))
        await modem.publish("t", "x", qos=1)
        for subscription in (one, two):
            assert (await subscription.receive(timeout=30)).text == "x"
        assert await asyncio.wait_for(called.get(), 30) == "x"
        await one.unsubscribe()
        await three.unsubscribe()
        assert modem.subscriptions() == ["t"]
        assert (one.live, two.live) == (False, True)
        await two.unsubscribe()
        assert modem.subscriptions() == []

    run(main)


def test_what_is_begun_can_be_awaited() -> None:
    async def main() -> None:
        async with aio.Modem("virtual://") as modem:
            modem.add_callback("t", lambda _message: None)
            session = await modem.connect_nowait("broker.example", client_id="test")
            assert session.session_present is False
            assert (await modem.subscribe_nowait("t", qos=1)).granted_qos == 1
            assert modem.max_payload("t") > 100
            assert modem.state is m531x.MqttState.CONNECTED

    asyncio.run(main())


def test_the_end_of_async_with_disconnects(virtual: m531x.VirtualModem, client_id: str) -> None:
    async def main() -> None:
        async with aio.Modem(virtual.port) as modem:
            await modem.connect("broker.example", client_id=client_id)
        async with aio.Modem(virtual.port) as modem:
            assert await modem.status() is not m531x.MqttState.CONNECTED

    asyncio.run(main())


def test_a_forgotten_modem_is_collected_although_its_callbacks_refer_to_it() -> None:
    async def main() -> None:
        modem = await aio.Modem("virtual://")
        await modem.connect("broker.example", client_id="test")
        modem.on_event = lambda _event, modem=modem: modem.stats()
        forgotten = weakref.ref(modem)
        del modem
        for _ in range(1000):
            await asyncio.sleep(0.005)
            gc.collect()
            if forgotten() is None:
                return
        raise AssertionError("it is still there")

    with pytest.warns(ResourceWarning, match="unclosed <m531x.aio.Modem"):
        asyncio.run(main())


def test_a_half_built_modem_closes_quietly() -> None:
    class Meter(aio.Modem):
        def __init__(self) -> None:
            raise LookupError("no such meter")

    with pytest.raises(LookupError):
        Meter()
    meter = aio.Modem.__new__(aio.Modem)
    assert "not open" in repr(meter)
    asyncio.run(meter.close())
