"""Arguments: checks ahead of the native module, and the form in which it takes them."""

from __future__ import annotations

from m531x._errors import ArgumentTypeError, InvalidArgumentError
from m531x._types import HealthCheck, Recovery, Will

__all__ = ["check_port", "check_qos", "recovery_parts", "will_parts"]

_HealthParts = tuple[float, str | None, float, int, bool]
_RecoveryParts = tuple[float, float, float, int | None, _HealthParts | None, int]


def check_port(port: str) -> None:
    """Refuses what looks like a port and is none, with what to write instead."""
    scheme, colon, rest = port.partition("://")
    if colon and scheme == "virtual" and rest:
        raise InvalidArgumentError(
            f'port is "{port}": give "virtual://", and the model by itself: model="{rest}"'
        )
    host, colon, number = port.rpartition(":")
    if colon and host and number.isdecimal() and not set(port) & set("/\\") and ":" not in host:
        raise InvalidArgumentError(
            f'port is "{port}": a serial server is "tcp://{port}" or "rfc2217://{port}"'
        )


def check_qos(qos: object) -> None:
    """Refuses a callback in the place of the QoS, with the way to write it.

    Raises:
        ArgumentTypeError: It is a function.
    """
    if callable(qos):
        raise ArgumentTypeError("qos is a function: give it as callback=, and qos as 0, 1 or 2")


def will_parts(will: Will | None) -> tuple[str, bytes, int, bool] | None:
    """The will as the native module takes it; None is no will."""
    if will is None:
        return None
    if not isinstance(will, Will):
        raise ArgumentTypeError(f"will is {type(will).__name__}: give a Will")
    return (will.topic, will.payload, will.qos, will.retain)


def recovery_parts(recovery: Recovery | None) -> _RecoveryParts | None:
    """The recovery as the native module takes it; None is off."""
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


def _health_parts(check: HealthCheck | None) -> _HealthParts | None:
    if check is None:
        return None
    if not isinstance(check, HealthCheck):
        raise ArgumentTypeError(
            f"health_check is {type(check).__name__}: give a HealthCheck or None"
        )
    return (check.period, check.topic, check.timeout, check.misses, check.loop_back)
