"""What a user writes: it is to pass the strictest settings of mypy and pyright as it stands."""

import asyncio
from pathlib import Path

import m531x
from m531x import aio, doctor, recording
from m531x.plot import latency, timeline


def on_message(message: m531x.Message) -> None:
    """Payloads are bytes, texts are str, numbers are int."""
    print(message.topic.upper(), message.payload.hex(), message.qos + 1, message.text.split())


def on_disconnect(reason: str) -> None:
    """Reasons are texts."""
    print(reason.upper())


def on_event(event: m531x.Event) -> bool:
    """What a callback gives is of no interest."""
    return event.kind is m531x.EventKind.URC and event.value > 0


def on_done(delivery: m531x.Delivery) -> None:
    """A delivery that is done gives its receipt at once."""
    print(delivery.done(), delivery.wait(timeout=0).packet_id)


def work(port: str | Path) -> list[str]:
    """All of the modem."""
    recovery = m531x.Recovery(max_delay=600, max_attempts=3)
    options = m531x.Modem(port, model="M5310-A", overflow="drop_oldest", recovery=recovery)
    with options as modem:
        modem.wait_for_network(timeout=60)
        will = m531x.Will("will", "gone", qos=1)
        modem.connect("broker.example", client_id="typed", will=will)
        modem.on_message = on_message
        modem.on_connect = lambda: print("connected")
        modem.on_disconnect = on_disconnect
        modem.on_event = on_event
        subscription: m531x.Subscription = modem.subscribe("a/#", 1, on_message)
        receipt: m531x.Receipt = modem.publish("a", b"b", qos=subscription.granted_qos)
        delivery: m531x.Delivery = modem.publish_nowait("a", memoryview(b"b"))
        delivery.add_done_callback(on_done)
        if modem.status() is m531x.MqttState.CONNECTED and receipt.packet_id is not None:
            for message in modem.messages(timeout=1.0):
                print(message.text)
        info: doctor.ModemInfo = modem.info()
        strength: int | None = modem.signal().rssi_dbm
        print(info.model_text.lower(), strength, modem.stats().recoveries + 1)
        timeline(modem.trace()).savefig("timeline.png")
        latency([receipt])
        return modem.command("AT+CSQ", timeout=1)


def careful(modem: m531x.Modem) -> int | None:
    """Errors have numbers."""
    try:
        modem.publish("a", "b")
    except m531x.CommandError as error:
        return error.modem_code
    except m531x.ConnectError as error:
        return error.return_code
    except m531x.M531xError as error:
        return error.code.value
    return None


async def on_message_later(message: m531x.Message) -> None:
    """Callbacks of asyncio may be coroutine functions."""
    await asyncio.sleep(0)
    print(message.text)


async def work_in_a_loop(port: Path) -> None:
    """All of the modem for asyncio."""
    async with aio.Modem(port) as modem:
        await modem.connect("broker.example", client_id="typed")
        subscription: aio.Subscription = await modem.subscribe("a/#", callback=on_message_later)
        modem.on_event = on_event
        delivery: aio.Delivery = modem.publish_nowait("a", bytearray(b"b"))
        receipt: m531x.Receipt = await delivery
        async for message in modem.messages(timeout=1):
            print(message.text, receipt.elapsed + 1.0)
        await subscription.unsubscribe()
    opened: aio.Modem = await aio.Modem("virtual://")
    lines: list[str] = await opened.command("AT")
    print(lines)


def test_with_a_virtual_modem(virtual_modem: m531x.VirtualModem, modem: m531x.Modem) -> None:
    """The fixtures of the pytest plugin."""
    entries: list[recording.TranscriptEntry] = virtual_modem.transcript
    virtual_modem.inject(b"\r\n+CEREG:1\r\n")
    print([entry.text.strip() for entry in entries], modem.port.upper())
