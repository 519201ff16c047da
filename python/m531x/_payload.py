"""What can be published."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["Payload"]

if TYPE_CHECKING:
    from typing_extensions import Buffer

    Payload = str | Buffer
else:
    Payload = str | bytes | bytearray | memoryview
"""A payload to publish: text as UTF-8, and any buffer (bytes, array, numpy) as its bytes."""
