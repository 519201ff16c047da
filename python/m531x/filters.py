"""Which topic matches which filter, by the rules of MQTT 3.1.1 (chapter 4.7)."""

from __future__ import annotations

from m531x._native import topic_matches

__all__ = ["topic_matches"]
