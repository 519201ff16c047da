"""What an outbox accepted is sent, by this process or the next one."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import m531x
from m531x import aio, doctor

Eventually = Callable[..., None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "outbox.db"


def waiting(modem: m531x.Modem | aio.Modem) -> int:
    """Messages in the outbox."""
    outbox = modem.stats().outbox
    assert outbox is not None
    return outbox.messages


def test_what_was_published_without_a_connection_is_sent_after_it(
    path: Path, eventually: Eventually
) -> None:
    with m531x.Modem("virtual://", outbox=path) as modem:
        first = modem.publish_nowait("a", "1", qos=1)
        with pytest.raises(m531x.NotConnectedError, match="in the outbox"):
            modem.publish("a", "2", qos=2)
        assert not first.done()
        assert waiting(modem) == 2
        with pytest.raises(m531x.NotConnectedError):
            modem.publish("a", "0", qos=0)
        modem.connect("broker.example", client_id="test")
        assert first.wait(20).qos == 1
        eventually(lambda: waiting(modem) == 0)
        assert modem.publish("a", "3", qos=1).qos == 1
        stats = modem.stats().outbox
        assert stats == doctor.OutboxStats(0, 0, 0, stored=3, sent=3, dropped=0)


def test_a_process_that_was_killed_leaves_its_messages_to_the_next(path: Path) -> None:
    code = """
        import os, signal, sys, m531x
        modem = m531x.Modem("virtual://", outbox=sys.argv[1])
        for number in range(20):
            modem.publish_nowait("a/b", str(number), qos=1)
        # Windows ends a process at once by any signal.
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    """
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), path], check=False, timeout=60
    )
    assert killed.returncode == (signal.SIGTERM if sys.platform == "win32" else -signal.SIGKILL)
    with m531x.Modem("virtual://") as modem:
        assert modem.stats().outbox is None
    with m531x.Modem("virtual://", outbox=m531x.Outbox(path)) as modem:
        assert waiting(modem) == 20
        modem.connect("broker.example", client_id="test")
        subscription = modem.subscribe("a/#", qos=1)
        # The first ones may have gone out before the subscription was there.
        last = None
        while last != "19":
            last = next(subscription.messages(timeout=20)).text


def test_the_file_can_be_looked_into_and_cleared(path: Path) -> None:
    outbox = m531x.Outbox(path)
    with m531x.Modem("virtual://", outbox=outbox) as modem:
        modem.publish_nowait("meters/17", b"\x00\xff", qos=2, retain=True)
        with pytest.raises(m531x.OutboxError, match="open") as caught:
            outbox.messages()
        assert caught.value.code is m531x.ErrorCode.OUTBOX_IN_USE
    (message,) = outbox.messages()
    assert (message.topic, message.payload, message.qos) == ("meters/17", b"\x00\xff", 2)
    assert message.retain
    assert message.set_aside is None
    assert outbox.retry() == 0
    assert outbox.clear() == 1
    assert outbox.messages() == []


def test_a_full_outbox_refuses_or_drops_the_oldest(path: Path) -> None:
    with m531x.Modem("virtual://", outbox=m531x.Outbox(path, max_messages=1)) as modem:
        modem.publish_nowait("a", "1", qos=1)
        with pytest.raises(m531x.OutboxFullError, match="1 of 1 messages"):
            modem.publish_nowait("a", "2", qos=1)
    outbox = m531x.Outbox(path, max_messages=1, overflow="drop_oldest")
    with m531x.Modem("virtual://", outbox=outbox) as modem:
        modem.publish_nowait("a", "2", qos=1)
        stats = modem.stats().outbox
        assert stats is not None
        assert stats.dropped == 1
    assert [message.payload for message in outbox.messages()] == [b"2"]


def test_a_file_that_is_no_outbox_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("my diary\n" * 100)
    with pytest.raises(m531x.OutboxError, match="move it away") as caught:
        m531x.Modem("virtual://", outbox=path)
    assert caught.value.code is m531x.ErrorCode.OUTBOX_CORRUPT
    assert str(path) in str(caught.value)
    assert path.read_text() == "my diary\n" * 100


def test_a_second_modem_cannot_have_the_file(path: Path) -> None:
    with (
        m531x.Modem("virtual://", outbox=path),
        pytest.raises(m531x.OutboxError, match="use another file"),
    ):
        m531x.Modem("virtual://", outbox=path)


def test_a_backup_and_a_fork_leave_the_lock_in_place(path: Path) -> None:
    code = """
        import os, shutil, sqlite3, subprocess, sys, m531x
        path = sys.argv[1]
        modem = m531x.Modem("virtual://", outbox=path)
        for number in range(50):
            modem.publish_nowait("a", str(number), qos=1)
        shutil.copyfile(path, path + ".backup")
        sqlite3.connect(path).close()
        thief = "import sys, m531x; m531x.Outbox(sys.argv[1]).clear()"
        stolen = subprocess.run([sys.executable, "-c", thief, path], capture_output=True)
        print("OutboxError" in stolen.stderr.decode())
        may_end, end = os.pipe()
        result, report = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                m531x.Outbox(path).clear()
            except m531x.OutboxError:
                os.close(end)
                os.write(report, b"refused")
                os.read(may_end, 1)
                os._exit(7)
            os._exit(1)
        os.close(report)
        os.read(result, 10)  # the child has tried
        modem.close()
        print(len(m531x.Outbox(path).messages()))
        os.close(end)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), path],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert run.stdout.split() == ["True", "50", "7"]


def test_ctrl_c_in_publish_leaves_the_message_in_the_outbox(path: Path) -> None:
    code = """
        import _thread, sys, threading, m531x
        with m531x.Modem("virtual://", outbox=sys.argv[1]) as modem:
            modem.connect("broker.example", client_id="test")
            modem.virtual_modem.cut_network()
            threading.Timer(0.3, _thread.interrupt_main).start()
            try:
                modem.publish("a", "1", qos=1)
            except KeyboardInterrupt:
                print("interrupted", modem.stats().outbox.messages)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), path],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert run.stdout == "interrupted 1\n"
    assert len(m531x.Outbox(path).messages()) == 1


def test_asyncio_has_it_too(path: Path) -> None:
    async def main() -> None:
        async with aio.Modem("virtual://", outbox=path) as modem:
            delivery = modem.publish_nowait("a", "1", qos=1)
            assert waiting(modem) == 1
            await modem.connect("broker.example", client_id="test")
            receipt = await modem.publish("a", "2", qos=1)
            assert receipt.qos == 1
            assert (await delivery.wait(20)).qos == 1
            assert waiting(modem) == 0

    asyncio.run(main())
