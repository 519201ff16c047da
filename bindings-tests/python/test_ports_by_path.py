"""A port by the name of the socket that it is plugged into, as udev's links in by-path have it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import m531x

NAME = "pci-0000:00:14.0-usb-0:2.1:1.0-port0"


@pytest.fixture
def link(tmp_path: Path) -> Path:
    folder = tmp_path / "serial" / "by-path"
    folder.mkdir(parents=True)
    return folder / NAME


def test_a_link_by_path_is_a_port(link: Path) -> None:
    with m531x.VirtualModem(link=link), m531x.Modem(link) as modem:
        assert modem.port == str(link)
        assert modem.command("AT") == []
        done = subprocess.run(
            [Path(sys.executable).with_name("m531x"), "at", "--port", link, "AT"],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        # The device behind it is open already.
        assert done.returncode == 1
        assert "in use" in done.stderr


def test_another_device_in_the_same_socket_is_used_again(link: Path) -> None:
    recovery = m531x.Recovery(initial_delay=0.01)
    virtual = m531x.VirtualModem(link=link)
    with m531x.Modem(link, recovery=recovery) as modem:
        modem.connect("broker.example", client_id="c")
        virtual.close()
        with m531x.VirtualModem(link=link):
            delivery = modem.publish_nowait("a", "x", qos=1)
            assert delivery.wait(50).qos == 1


def test_an_empty_socket_is_named(link: Path) -> None:
    with pytest.raises(m531x.PortError, match=NAME):
        m531x.Modem(link)
