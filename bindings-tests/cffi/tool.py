"""A tool that calls as LabVIEW and MATLAB do.

Every scalar is a double on its way in and out, results come back in buffers of the caller's, and no
two calls in a row are made on the same thread. It knows no callbacks.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

THREADS = 4


class Tool:
    """Calls the functions of the library."""

    def __init__(self, ffi: Any, api: Any) -> None:
        self.ffi = ffi
        self.api = api
        # One pool for each thread, or the pool would choose.
        self._pools = cycle([ThreadPoolExecutor(1) for _ in range(THREADS)])

    def call(self, function: str, *arguments: Any) -> float:
        """Calls a function on the next thread; numbers are given and returned as doubles."""
        plain = [
            int(argument) if isinstance(argument, float) else argument for argument in arguments
        ]
        assert not any(isinstance(argument, int) for argument in arguments), "doubles only"
        return float(next(self._pools).submit(getattr(self.api, function), *plain).result())

    def start(self, function: str, *arguments: Any) -> Any:
        """As `call`, but does not wait; the result is a future."""
        plain = [
            int(argument) if isinstance(argument, float) else argument for argument in arguments
        ]
        return next(self._pools).submit(getattr(self.api, function), *plain)

    def constant(self, name: str) -> float:
        return float(getattr(self.api, f"M531X_{name}"))

    def u32(self) -> Any:
        """A place for one uint32_t."""
        return self.ffi.new("uint32_t *")

    def i32(self) -> Any:
        """A place for one int32_t."""
        return self.ffi.new("int32_t *")

    def text(self, size: int = 256) -> Any:
        """A buffer for a text, preallocated as LabVIEW does it."""
        return self.ffi.new("char[]", size)

    def octets(self, size: int = 2048) -> Any:
        """A buffer for bytes."""
        return self.ffi.new("uint8_t[]", size)

    def string(self, buffer: Any) -> str:
        return self.ffi.string(buffer).decode()

    def open(self, port: bytes = b"virtual://") -> float:
        modem = self.u32()
        assert self.call("m531x_open", port, 0.0, self.ffi.NULL, 30_000.0, modem) == 0
        return float(modem[0])

    def online(self) -> float:
        """A modem that is connected and hears t/#."""
        modem = self.open()
        assert self.call("m531x_connect", modem, b"broker", 1883.0, b"tool", 30_000.0) == 0
        granted = self.u32()
        assert self.call("m531x_subscribe", modem, b"t/#", 1.0, 30_000.0, granted) == 0
        return modem
