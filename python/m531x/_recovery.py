"""Recovery on its way to the native module."""

from __future__ import annotations

from m531x.types import Recovery

DEFAULT = Recovery()


def parts(recovery: Recovery | None) -> tuple[float, float, float, int | None] | None:
    """What the native module takes; None is off."""
    if recovery is None or not recovery.enabled:
        return None
    return (
        recovery.initial_delay,
        recovery.max_delay,
        recovery.jitter,
        recovery.max_attempts,
    )
