"""Compares what the API reported with the books of the broker, and believes nothing else."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field

import m531x
from referee_module import FakeModule

__all__ = ["Judge"]


@dataclass
class Judge:
    """Publishes with payloads that occur once, and remembers what became of each.

    Any thread may use it.
    """

    module: FakeModule
    modem: m531x.Modem
    false_receipts: list[str] = field(default_factory=list)
    """QoS 1 and 2: reported as done while the broker did not have them."""
    failed: dict[str, Exception] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    """Every payload with its QoS."""
    done: set[str] = field(default_factory=set)
    limits: dict[str, float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Counts from 0."""
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def publish(self, topic: str, qos: int, name: str = "", timeout: float | None = None) -> bool:
        """Publishes and waits; whether the API reported it as done."""
        return self.wait(*self.start(topic, qos, name, timeout))

    def start(
        self, topic: str, qos: int, name: str = "", timeout: float | None = None
    ) -> tuple[str, m531x.Delivery | None]:
        """Publishes without waiting; `wait` takes what it returns. QoS 0 may fail at once."""
        with self._lock:
            text = f"{name or topic}-{next(self._numbers)}"
            self.sent[text] = qos
            self.limits[text] = timeout
        try:
            return text, self.modem.publish_nowait(topic, text, qos, timeout=timeout)
        except m531x.M531xError as error:
            if qos:
                raise
            with self._lock:
                self.failed[text] = error
            return text, None

    def wait(self, text: str, delivery: m531x.Delivery | None, timeout: float = 90.0) -> bool:
        """Waits for the end of a publish and judges it; whether it was reported as done."""
        if delivery is None:
            return False
        try:
            delivery.wait(timeout)
        except m531x.M531xError as error:
            assert delivery.done(), f"{text} has not ended in {timeout} s"
            with self._lock:
                self.failed[text] = error
            return False
        with self._lock:
            self.done.add(text)
            if not self._is_true(text):
                self.false_receipts.append(text)
        return True

    def check(self) -> None:
        """Nothing was reported as done that was not; QoS 0 was sent once at most."""
        assert not self.false_receipts, f"false receipts: {self.false_receipts}"
        arrived = self.module.broker.payloads()
        for text, qos in self.sent.items():
            if qos == 0:
                assert arrived[text.encode()] <= 1, f"{text} arrived {arrived[text.encode()]} times"

    def check_nothing_failed(self) -> None:
        """`check`, and everything was done."""
        self.check()
        failed = {text: repr(error) for text, error in self.failed.items()}
        assert not failed, f"failed: {failed}"
        assert self.done == set(self.sent), f"not waited for: {set(self.sent) - self.done}"

    def may_fail(self, text: str, *, outbox: bool) -> bool:
        """Whether a publish of QoS 1 or 2 that failed is none that was lost.

        Its time was up, and nothing kept it; or, with an outbox, it went on and has arrived.
        """
        if outbox:
            return text.encode() in self.module.broker.payloads()
        return self.limits[text] is not None and isinstance(self.failed[text], TimeoutError)

    def _is_true(self, text: str) -> bool:
        payload = text.encode()
        with self.module.lock:
            if self.sent[text]:
                return any(arrival.payload == payload for arrival in self.module.broker.received)
            return any(packet.payload == payload for packet in self.module.client.accepted)
