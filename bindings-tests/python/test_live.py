"""The live table: what it shows, what it leaves alone, and when it ends."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import m531x
from m531x import _live, doctor


class Shown:
    """Stands in for IPython's display."""

    def __init__(self) -> None:
        self.tables: list[str] = []

    def HTML(self, text: str) -> str:  # noqa: N802 - IPython's name
        return text

    def display(self, text: str, *, display_id: bool) -> Shown:
        assert display_id
        self.tables.append(text)
        return self

    def update(self, text: str) -> None:
        self.tables.append(text)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    display = Shown()
    monkeypatch.setattr(_live, "optional", lambda *_: display)
    return display


@pytest.fixture
def modem() -> Iterator[m531x.Modem]:
    with m531x.Modem("virtual://", trace=1000) as modem:
        modem.connect("broker.example", client_id="live")
        yield modem


Eventually = Callable[[Callable[[], bool]], None]


def test_it_shows_state_signal_rate_and_the_last_messages(
    modem: m531x.Modem, shown: Shown, eventually: Eventually
) -> None:
    modem.subscribe("meters/+")
    with m531x.live(modem, every=0.05, signal_every=0, messages=2) as live:
        assert live.running
        for number in range(3):
            modem.publish("meters/17", f"<b>{number}")
        eventually(lambda: "meters/17,4,&lt;b&gt;2" in shown.tables[-1])
        eventually(lambda: "-67 dBm ▆▆" in shown.tables[-1])
    assert not live.running
    table = shown.tables[-1]
    assert "connected" in table
    assert "3, " in table
    assert table.count("last messages") == 1
    assert table.count("meters/17") == 2
    assert table.index("&lt;b&gt;2") < table.index("&lt;b&gt;1")
    assert any(rate not in ("0.0", "") for rate in rates(shown))
    assert {signal.rssi_dbm for _, signal in live.signals} == {-67}
    # It has taken no message from its readers.
    assert [message.text for message in modem.messages(timeout=0)][:3] == ["<b>0", "<b>1", "<b>2"]


def rates(shown: Shown) -> list[str]:
    return [table.partition(" a second")[0].rpartition(", ")[2] for table in shown.tables]


def test_the_rate_counts_messages_a_second(modem: m531x.Modem, monkeypatch: Any) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    live = _live.Live(modem, 1.0, None, 5)
    assert live._rate(10) == 0.0
    now[0] += 2.0
    assert live._rate(30) == 10.0
    assert live._rate(30) == 0.0


def test_it_ends_with_the_modem(modem: m531x.Modem, shown: Shown, eventually: Eventually) -> None:
    live = m531x.live(modem, every=0.05)
    modem.close()
    eventually(lambda: not live.running)
    assert "closed" in shown.tables[-1]
    live.stop()
    live.stop()
    assert repr(live) == "<m531x.Live 'virtual://' stopped>"
    assert "m531x-live" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_it_keeps_no_forgotten_modem(shown: Shown, eventually: Eventually) -> None:
    modem = m531x.Modem("virtual://")
    live = m531x.live(modem, every=0.05, signal_every=None)
    eventually(lambda: len(shown.tables) > 2)
    del modem

    def collected() -> bool:
        gc.collect()
        return not live.running

    eventually(collected)
    assert "closed" in shown.tables[-1]


def test_without_a_trace_it_says_what_to_do(shown: Shown) -> None:
    with m531x.Modem("virtual://") as modem, m531x.live(modem):
        assert "trace=1000" in shown.tables[0]


def test_an_outbox_is_counted(shown: Shown, tmp_path: Any) -> None:
    with (
        m531x.Modem("virtual://", outbox=tmp_path / "outbox.db") as modem,
        m531x.live(modem),
    ):
        modem.publish_nowait("a", "b", qos=1)
        with m531x.live(modem):
            assert "1 waiting, 0 sent" in shown.tables[-1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"every": 0}, "every"),
        ({"every": 1e9}, "every"),
        ({"signal_every": -1}, "signal_every"),
        ({"messages": 0}, "messages"),
    ],
)
def test_a_number_out_of_range_is_refused(
    modem: m531x.Modem, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(m531x.InvalidArgumentError, match=words):
        m531x.live(modem, **options)


def test_what_is_no_modem_is_refused() -> None:
    with pytest.raises(TypeError, match=r"give a m531x\.Modem"):
        m531x.live("virtual://")  # type: ignore[arg-type]


def test_without_ipython_the_error_says_how_to_install_it(
    modem: m531x.Modem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "IPython.display", None)
    with pytest.raises(m531x.M531xError, match="pip install ipython"):
        m531x.live(modem)


@pytest.mark.parametrize(
    ("level", "bar"), [(-113, "▁"), (-51, "█"), (-82, "▅"), (None, " "), (-200, "▁"), (0, "█")]
)
def test_each_strength_has_its_bar(level: int | None, bar: str) -> None:
    signals = [(1.0, doctor.Signal(level, None, (99, 99)))]
    text = _live._shown_signals(signals)
    assert text is not None
    assert text[-1] == bar
