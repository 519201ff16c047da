"""What may differ from one firmware to the next, each a switch of its own."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["Traits", "random_traits"]


@dataclass(frozen=True)
class Traits:
    """The defaults are what the vendor's client was measured to do (firmware.md).

    Times are seconds of the module; `scale` says how long one of them takes here.
    """

    scale: float = 0.05
    model: Literal["M5310-A", "M5311"] = "M5310-A"
    spaces: Literal["none", "one", "mixed"] = "none"
    """After the colon of a URC (dialect.md, sections 1 and 4)."""

    qos0_takes_id: bool = True
    """B1."""
    cfg_restarts_ids: bool = True
    """B1; without it the counter just goes on."""
    first_id: int = 1
    """What the counter stands at when the module boots; after CFG it is 1."""
    after_65535: Literal[0, 1] = 0
    """B8."""
    dup_first: bool = True
    """Section 2, first row; the manual prints ``packId,dup`` as well."""

    cfg_resets_settings: bool = True
    """B2: ack timeout and ping report."""
    ok_delay: float = 0.0
    """From the command to its OK: an acknowledgement may come in between."""
    late_ack_prints: bool = False
    """Section 2: a publish that timed out is forgotten."""
    timeout_slack: float = 1.5
    """``+MQTTTO:2`` comes up to so much later than the timeout."""
    ack_timeout_reconnects: bool = False
    """The manual's note below AT+MQTTOPEN; the vendor's client goes on."""

    first_wait: float = 8.0
    """B3: from the first TO:1 to ``+MQTTREC: 1``; 4 in another setting."""
    dead_link_notice: tuple[float, float] = (1.5, 2.5)
    """From the broker's FIN to ``+MQTTDISC: OK``."""
    first_write_after_fin: bool = False
    """Whether the first packet after the broker's FIN is still accepted, and lost."""
    dead_link_number: int = 608
    """B4: also 603 and 613."""
    busy_number: int = 602
    """What a command is refused with while the module connects, by itself or not."""
    disconnected_number: int = 620
    """What PUB, SUB and UNSUB are refused with without a connection."""
    stray_615: bool = True
    """B5."""
    cfg_refused_while_closing: bool = True
    """B6: between ``+MQTTOPEN:FAIL`` and ``+MQTTDISC: OK``; "perhaps"."""
    cfg_refused_while_connected: bool = False
    """dialect.md, section 6: "on some firmware"."""
    subscribed_number: int | None = 606
    """B7: what a topic in the table is refused with; None subscribes again."""
    unknown_unsubscribe_number: int | None = 621
    """What a topic that is not in the table is refused with; None unsubscribes all the same."""
    silent_suback: bool = True
    """Section 2: nothing is printed when the broker refuses or grants less."""
    disc_delay: tuple[float, float] = (0.6, 1.3)
    """From the OK of DISC to its URC; DEL is refused until then."""

    seed: int = 1


def random_traits(rng: random.Random) -> Traits:
    """A mix that no firmware was seen to have as a whole."""
    chance = rng.random
    return replace(
        Traits(),
        model=rng.choice(("M5310-A", "M5311")),
        spaces=rng.choice(("none", "one", "mixed")),
        qos0_takes_id=chance() < 0.7,
        cfg_restarts_ids=chance() < 0.8,
        first_id=rng.choice((1, 1, 300, 65530, 65535)),
        after_65535=rng.choice((0, 1)),
        dup_first=chance() < 0.6,
        cfg_resets_settings=chance() < 0.7,
        ok_delay=rng.choice((0.0, 0.0, 0.02, 0.3)),
        late_ack_prints=chance() < 0.3,
        timeout_slack=rng.choice((0.0, 1.5)),
        ack_timeout_reconnects=chance() < 0.2,
        first_wait=rng.choice((4.0, 8.0)),
        dead_link_notice=rng.choice(((0.0, 0.1), (1.5, 2.5))),
        first_write_after_fin=chance() < 0.5,
        dead_link_number=rng.choice((603, 608, 613)),
        busy_number=rng.choice((3, 602, 603)),
        disconnected_number=rng.choice((3, 608, 617, 620)),
        stray_615=chance() < 0.8,
        cfg_refused_while_closing=chance() < 0.5,
        cfg_refused_while_connected=chance() < 0.3,
        subscribed_number=rng.choice((606, 3, 601, 609, None)),
        unknown_unsubscribe_number=rng.choice((621, 3, None)),
        silent_suback=chance() < 0.7,
        disc_delay=rng.choice(((0.0, 0.0), (0.6, 1.3))),
        seed=rng.randrange(1 << 30),
    )
