"""A fake module with a driver in front of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import m531x
from referee_judge import Judge
from referee_module import FakeModule
from referee_traits import Traits

__all__ = ["RECOVERY", "Bench", "MakeBench", "benches"]

RECOVERY = m531x.Recovery(initial_delay=0.05, max_delay=0.2, jitter=0)


class Bench(NamedTuple):
    """A fake module, the driver in front of it, and who compares the two."""

    module: FakeModule
    modem: m531x.Modem
    judge: Judge

    def connect(self, **changes: Any) -> None:
        """Connects, with what every test wants the same."""
        arguments: dict[str, Any] = {"client_id": "meter", "keepalive": 600} | changes
        self.modem.connect("broker.example", **arguments)


MakeBench = Callable[..., Bench]
"""Takes traits, ``connect=False``, ``pty=True`` and the options of `m531x.Modem`."""


def show(traits: Traits, modem: m531x.Modem) -> None:
    """Prints what passed last, which pytest shows for a test that failed."""
    print(traits)
    for entry in modem.trace():
        print(f"{entry.timestamp % 1000:.3f} {entry.kind} {entry.text}")


@contextmanager
def benches() -> Iterator[MakeBench]:
    """Makes benches, and closes them in the end."""
    with ExitStack() as stack:

        def make(traits: Traits | None = None, *, connect: bool = True, **options: Any) -> Bench:
            traits = traits or Traits()
            module = stack.enter_context(FakeModule(traits, pty=options.pop("pty", False)))
            usual = {"model": traits.model, "recovery": RECOVERY, "guard_time": 0, "trace": 400}
            modem = stack.enter_context(m531x.Modem(module.port, **(usual | options)))
            stack.callback(show, traits, modem)
            made = Bench(module, modem, Judge(module, modem))
            if connect:
                made.connect()
            return made

        yield make
