"""Recording a session, replaying it, and the virtual modem that plays it."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

import m531x
from m531x import aio, recording

PASSWORD = "hunter2-geheim"


def live(modem: m531x.Modem) -> list[m531x.Message]:
    """Connects, subscribes, publishes; gives what arrived."""
    modem.connect("broker.example", client_id="lamp", username="me", password=PASSWORD)
    room = modem.subscribe("room/#", qos=1)
    modem.publish("room/1", b"\r\nOK\r\n", qos=1)
    modem.publish("room/2", "21.5", qos=2)
    return [next(room.messages(timeout=10)) for _ in range(2)]


def test_a_session_is_recorded_without_its_password_and_replayed_alike(tmp_path: Path) -> None:
    path = tmp_path / "field.rec"
    with m531x.Modem("virtual://", model="M5311", record=path) as modem:
        arrived = live(modem)
    text = path.read_text()
    assert PASSWORD not in text
    assert "\\*" in text
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    items = list(recording.replay(path))
    assert items == list(recording.replay(str(path)))
    assert [item for item in items if item.kind == "difference"] == []
    again = [item.message for item in items if item.message is not None]
    assert [(m.topic, m.payload, m.qos) for m in again] == [
        (m.topic, m.payload, m.qos) for m in arrived
    ]
    events = [item.event.kind for item in items if item.event is not None]
    assert m531x.EventKind.CONNECTED in events
    assert all(item.error is None for item in items if item.kind == "result")


def test_a_recording_is_a_context_and_one_at_a_time(tmp_path: Path) -> None:
    with m531x.Modem("virtual://") as modem:
        with modem.record(tmp_path / "a.rec") as running:
            modem.signal()
            with pytest.raises(m531x.BusyError, match=r"a\.rec"):
                modem.record(tmp_path / "b.rec")
        assert running.finished
        assert running.finish().entries > 3
        assert running.path == str(tmp_path / "a.rec")
        assert "finished" in repr(running)
        modem.command("AT+CGATT?")
    assert "> AT+CSQ" in (tmp_path / "a.rec").read_text()
    assert "CGATT" not in (tmp_path / "a.rec").read_text()


def test_bad_paths_limits_and_files_are_refused(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("dear reader")
    with m531x.Modem("virtual://") as modem:
        with pytest.raises(m531x.RecordingError, match="no recording") as refused:
            modem.record(letter)
        assert isinstance(refused.value, OSError)
        with pytest.raises(m531x.InvalidArgumentError, match="limit"):
            modem.record(tmp_path / "a.rec", limit=1)
        with pytest.raises(TypeError):
            modem.record(7)  # type: ignore[arg-type]
    with pytest.raises(m531x.RecordingError, match="line 1: not a recording"):
        recording.replay(letter)
    with pytest.raises(m531x.RecordingError, match="missing"):
        recording.replay(tmp_path / "missing.rec")
    with pytest.raises(m531x.RecordingError):
        m531x.Modem("virtual://", record=tmp_path / "no" / "folder.rec")
    assert letter.read_text() == "dear reader"


def test_a_virtual_modem_plays_what_was_recorded_and_tells_differences(tmp_path: Path) -> None:
    path = tmp_path / "field.rec"
    with m531x.Modem("virtual://", model="M5311", record=path) as modem:
        recorded = live(modem)
        modem.close()
    with m531x.VirtualModem(replay=path) as virtual:
        with m531x.Modem(virtual.port, model="M5311") as modem:
            played = live(modem)
            with pytest.raises(m531x.M531xError):
                modem.command("AT+CSQ", timeout=0.5)
            modem.close()
        told = virtual.differences
    assert [m.payload for m in played] == [m.payload for m in recorded]
    assert len(told) == 1
    assert "AT+CSQ" in told[0]
    with pytest.raises(m531x.RecordingError):
        m531x.VirtualModem(replay=tmp_path / "missing.rec")


def test_the_modem_of_an_event_loop_records_too(tmp_path: Path) -> None:
    path = tmp_path / "field.rec"

    async def main() -> None:
        async with aio.Modem("virtual://", record=path) as modem:
            await modem.signal()
        async with aio.Modem("virtual://") as modem:
            with modem.record(tmp_path / "later.rec"):
                await modem.signal()
            assert (await modem.diagnose()).healthy

    asyncio.run(main())
    for name in ("field.rec", "later.rec"):
        results = [item.text for item in recording.replay(tmp_path / name) if item.kind == "result"]
        assert "ok rssi_dbm=-67" in results
