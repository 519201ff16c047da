"""One thread that reads, writes and waits for module and broker, so that neither needs a lock."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import selectors
import socket
import threading
import time
import tty
from collections.abc import Callable

__all__ = ["Loop", "Port", "PtyPort", "TcpPort", "Timer"]


class Timer:
    """An action at a moment; a timer that was cancelled does nothing."""

    def __init__(self, action: Callable[[], None]) -> None:
        """Made by `Loop.later` only."""
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        """Calls the action off."""
        self.cancelled = True


class Loop:
    """Runs timers in the order of their moments, and whatever the ports have to read or write.

    One clock serves module and broker, so their order never depends on how busy the machine is.
    """

    def __init__(self, scale: float) -> None:
        """Starts the thread; one second of the module takes ``scale`` seconds."""
        self.scale = scale
        self.lock = threading.RLock()
        self.failure: BaseException | None = None
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, self._drain)
        self._now = time.monotonic()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="referee", daemon=True)
        self._thread.start()

    def later(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Has an action run after so many seconds of the module."""
        timer = Timer(action)
        with self.lock:
            here = threading.current_thread() is self._thread
            now = self._now if here else time.monotonic()
            heapq.heappush(self._timers, (now + seconds * self.scale, next(self._numbers), timer))
        if not here:
            self._wake_writer.send(b"x")
        return timer

    def watch(self, file: int, events: int, ready: Callable[[int], None]) -> None:
        """Has ``ready(events)`` called when a descriptor is; events 0 ends it."""
        with self.lock:
            known = file in self._selector.get_map()
            if not events:
                if known:
                    self._selector.unregister(file)
            elif known:
                self._selector.modify(file, events, ready)
            else:
                self._selector.register(file, events, ready)
        if threading.current_thread() is not self._thread:
            self._wake_writer.send(b"x")

    def close(self) -> None:
        """Ends the thread, and raises what went wrong in it."""
        self._closed = True
        self._wake_writer.send(b"x")
        self._thread.join(10)
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()
        if self.failure is not None:
            raise self.failure

    def _drain(self, _events: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake_reader.recv(4096):
                pass

    def _run(self) -> None:
        try:
            while not self._closed:
                for key, events in self._selector.select(self._patience()):
                    with self.lock:
                        self._now = time.monotonic()
                        key.data(events)
                self._run_timers()
        except BaseException as error:
            self.failure = error
            raise

    def _patience(self) -> float | None:
        with self.lock:
            return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _run_timers(self) -> None:
        with self.lock:
            limit = time.monotonic()
            while self._timers and self._timers[0][0] <= limit:
                # A timer that is late sees its own moment, so that what it starts is not late too.
                self._now, _, timer = heapq.heappop(self._timers)
                if not timer.cancelled:
                    timer.action()
            self._now = limit


class Port:
    """What a driver opens: bytes in, bytes out."""

    name: str

    def __init__(self, loop: Loop, received: Callable[[bytes], None]) -> None:
        """A port nobody has opened yet."""
        self._loop = loop
        self._received = received
        self._out = bytearray()
        self._file = -1
        self._waits_to_write = False

    def send(self, data: bytes) -> None:
        """Prints bytes; they are lost while nobody has the port open."""
        with self._loop.lock:
            if self._file >= 0:
                self._out += data
                self._write()

    def close(self) -> None:
        """Closes the port."""
        raise NotImplementedError

    def _begin(self, file: int) -> None:
        self._file = file
        self._out.clear()
        self._waits_to_write = False
        self._loop.watch(file, selectors.EVENT_READ, self._ready)

    def _end(self) -> None:
        if self._file >= 0:
            self._loop.watch(self._file, 0, self._ready)
            self._file = -1

    def _ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._write()
        if events & selectors.EVENT_READ:
            try:
                data = os.read(self._file, 65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                self._received(data)
            else:
                self._hung_up()

    def _hung_up(self) -> None:
        self._end()

    def _write(self) -> None:
        try:
            del self._out[: os.write(self._file, self._out)]
        except BlockingIOError:
            pass
        except OSError:
            self._out.clear()
            return
        if self._waits_to_write != bool(self._out):
            self._waits_to_write = bool(self._out)
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)
            self._loop.watch(self._file, events, self._ready)


class TcpPort(Port):
    """A serial server with a port of its own, for one client at a time."""

    def __init__(self, loop: Loop, received: Callable[[bytes], None]) -> None:
        """Listens."""
        super().__init__(loop, received)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._socket: socket.socket | None = None
        self.name = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        loop.watch(self._listener.fileno(), selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        """Hangs up and stops listening."""
        with self._loop.lock:
            self._hung_up()
            self._loop.watch(self._listener.fileno(), 0, self._accept)
            self._listener.close()

    def hang_up(self) -> None:
        """Ends the connection with the client, as a serial server that restarts."""
        with self._loop.lock:
            self._hung_up()

    def _accept(self, _events: int) -> None:
        with contextlib.suppress(BlockingIOError):
            accepted, _ = self._listener.accept()
            self._hung_up()
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = accepted
            self._begin(accepted.fileno())

    def _hung_up(self) -> None:
        self._end()
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class PtyPort(Port):
    """A pseudo-terminal."""

    def __init__(self, loop: Loop, received: Callable[[bytes], None]) -> None:
        """Opens the pair."""
        super().__init__(loop, received)
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.name = os.ttyname(self._slave)
        self._begin(self._master)

    def close(self) -> None:
        """Closes both ends."""
        with self._loop.lock:
            self._end()
            os.close(self._master)
            os.close(self._slave)
