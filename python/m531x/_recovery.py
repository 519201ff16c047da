"""Recovery on its way to the native module."""

from __future__ import annotations

from m531x._argument_type import ArgumentTypeError
from m531x.types import Recovery

DEFAULT = Recovery()


def parts(recovery: Recovery | None) -> tuple[float, float, float, int | None] | None:
    """What the native module takes; None is off."""
    if recovery is None:
        return None
    if not isinstance(recovery, Recovery):
        raise ArgumentTypeError(f"recovery is {type(recovery).__name__}: give a Recovery or None")
    if not recovery.enabled:
        return None
    return (
        recovery.initial_delay,
        recovery.max_delay,
        recovery.jitter,
        recovery.max_attempts,
    )
