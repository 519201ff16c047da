"""Nobody but this machine reaches a virtual modem, unless it is told otherwise."""

from __future__ import annotations

import ipaddress

import pytest

import m531x


def host_of(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    host = address.removeprefix("tcp://").rpartition(":")[0]
    return ipaddress.ip_address(host.strip("[]"))


@pytest.mark.parametrize("tcp", ["0", ":0", "127.0.0.1:0", "localhost:0"])
def test_modem_and_broker_listen_on_loopback(tcp: str) -> None:
    with m531x.VirtualModem(tcp=tcp) as virtual:
        assert host_of(virtual.port).is_loopback
        assert host_of(virtual.broker).is_loopback


def test_an_address_that_others_reach_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="without a password") as warned:
        virtual = m531x.VirtualModem(tcp="0.0.0.0:0")
    with virtual:
        assert host_of(virtual.port).is_unspecified
        assert host_of(virtual.broker).is_loopback
    assert warned[0].filename == __file__


def test_the_broker_of_a_modem_in_memory_is_on_loopback() -> None:
    with m531x.Modem("virtual://") as modem:
        assert modem.virtual_modem is not None
        assert host_of(modem.virtual_modem.broker).is_loopback


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(m531x.InvalidArgumentError, match="HOST:PORT"):
        m531x.VirtualModem(tcp="here")
