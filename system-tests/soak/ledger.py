"""Who sent what, and what became of it: numbered messages that prove themselves."""

from __future__ import annotations

import collections
import threading
import zlib


class Numbers:
    """The numbers that have been seen; only those that are missing take room."""

    def __init__(self) -> None:
        """None is seen."""
        self._end = 0
        self._gaps: set[int] = set()

    def add(self, number: int) -> bool:
        """Adds one; whether it is new."""
        if number >= self._end:
            self._gaps.update(range(self._end, number))
            self._end = number + 1
            return True
        if number in self._gaps:
            self._gaps.remove(number)
            return True
        return False

    def missing(self, count: int) -> list[int]:
        """Which of the first ``count`` are not seen."""
        return [*sorted(gap for gap in self._gaps if gap < count), *range(self._end, count)]


class Direction:
    """The messages of one line in one direction. Any thread may use it."""

    def __init__(self) -> None:
        """Nothing is sent."""
        self._lock = threading.Lock()
        self.sent = 0
        self.arrived = 0
        self.duplicates = 0
        self.damaged = 0
        """Not as they were sent, and the receiver was informed."""
        self.forged = 0
        """Not as they were sent, and nothing reported it."""
        self.failed: collections.Counter[str] = collections.Counter()
        self._seen = Numbers()
        self._excused: set[int] = set()

    def next_number(self) -> int:
        """The number of the next message, which counts as sent."""
        with self._lock:
            self.sent += 1
            return self.sent - 1

    def fail(self, number: int, why: str) -> None:
        """The sender got a report that this one failed: it is not missed."""
        with self._lock:
            self._excused.add(number)
            self.failed[why] += 1

    def arrive(self, payload: bytes, flagged: bool = False) -> None:
        """Something arrived; ``flagged`` if the receiver was informed that it may be damaged."""
        number = read(payload)
        with self._lock:
            if number is None or number >= self.sent:
                if flagged:
                    self.damaged += 1
                else:
                    self.forged += 1
            elif self._seen.add(number):
                self.arrived += 1
            else:
                self.duplicates += 1

    def forge(self) -> None:
        """Something arrived that nobody sent."""
        with self._lock:
            self.forged += 1

    def missing(self) -> list[int]:
        """The numbers of the messages that neither arrived nor were reported as failed."""
        with self._lock:
            return [n for n in self._seen.missing(self.sent) if n not in self._excused]


def write(number: int, filling: bytes) -> bytes:
    """A payload that carries its number, and a checksum over everything."""
    body = b"%d;" % number + filling
    return b"%08x;" % zlib.crc32(body) + body


def read(payload: bytes) -> int | None:
    """The number in a payload; None if it is not as it was written."""
    checksum, _, body = payload.partition(b";")
    number = body.partition(b";")[0]
    if checksum != b"%08x" % zlib.crc32(body) or not number.isdigit():
        return None
    return int(number)
