"""Recovery on its way to the native module."""

from __future__ import annotations

from m531x._argument_type import ArgumentTypeError
from m531x._types import HealthCheck, Recovery

HealthParts = tuple[float, str | None, float, int, bool]
Parts = tuple[float, float, float, int | None, HealthParts | None, int]

DEFAULT = Recovery()


def parts(recovery: Recovery | None) -> Parts | None:
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
        _health_parts(recovery.health_check),
        recovery.loss_budget,
    )


def _health_parts(check: HealthCheck | None) -> HealthParts | None:
    if check is None:
        return None
    if not isinstance(check, HealthCheck):
        raise ArgumentTypeError(
            f"health_check is {type(check).__name__}: give a HealthCheck or None"
        )
    return (check.period, check.topic, check.timeout, check.misses, check.loop_back)
