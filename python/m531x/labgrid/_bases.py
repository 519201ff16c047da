"""The classes of labgrid that those of this package are made from.

labgrid has no types, and type checkers need not have it: for them these have all attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Driver", "ResetProtocol", "Strategy"]

if TYPE_CHECKING:

    class _Untyped:
        check_active: Any

        def __attrs_post_init__(self) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

    class Driver(_Untyped):
        """What a driver of labgrid is made from."""

    class ResetProtocol:
        """What can reset its device."""

    class Strategy(_Untyped):
        """What a strategy of labgrid is made from."""

else:
    from labgrid.driver import Driver
    from labgrid.protocol import ResetProtocol
    from labgrid.strategy import Strategy
