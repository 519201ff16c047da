"""Opening a port: its time, and what is said when nothing answers."""

from __future__ import annotations

import socket
import threading

import pytest

import m531x


def test_the_time_of_an_opening_is_bounded_and_what_came_is_shown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f"tcp://127.0.0.1:{server.getsockname()[1]}"

        def refuse() -> None:
            link, _ = server.accept()
            with link:
                link.sendall(b"Port already in use\r\n")
                link.recv(100)
                link.recv(100)

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(m531x.ModemTimeoutError, match="Port already in use"):
            m531x.Modem(port, open_timeout=0)
        thread.join()
    with pytest.raises(m531x.InvalidArgumentError, match="open_timeout"):
        m531x.Modem("virtual://", open_timeout=-1)
    m531x.Modem("virtual://", open_timeout=0).close()
