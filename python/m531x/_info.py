"""What both modems tell about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from m531x._outbox import stats_of as outbox_stats
from m531x._types import Stats

if TYPE_CHECKING:
    from m531x import _native
    from m531x._virtual_modem import VirtualModem

__all__ = ["Info", "stats_of"]


class Info:
    """The part of both modems that needs no module."""

    _port: str
    _closed: bool
    _virtual: VirtualModem | None

    @property
    def port(self) -> str:
        """The port it was given."""
        return self._port

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def virtual_modem(self) -> VirtualModem | None:
        """The virtual modem behind ``virtual://``; None for every other port."""
        return self._virtual


class _Drain(Protocol):
    """Who takes what arrives from the native module's queue."""

    @property
    def queued(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    @property
    def callback_errors(self) -> int: ...


def stats_of(native: _native.Modem, drain: _Drain) -> Stats:
    """The counters of the native module and of what drains its queue."""
    counters = native.stats()
    counters["queued"] += drain.queued
    counters["dropped"] += drain.dropped
    counters["outbox"] = outbox_stats(counters["outbox"])
    return Stats(**counters, callback_errors=drain.callback_errors)
