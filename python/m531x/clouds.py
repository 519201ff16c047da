"""Logins for OneNET, Alibaba Cloud and Tencent Cloud: client id, user name and fresh passwords.

Each function makes a `Login`, which `Modem.connect` takes as keyword arguments. Its password is a
function, which the modem calls for every connection and every recovery, so that a token that has
expired is never sent.

The vendors' rules are in their documents: OneNET "token algorithm" (parameter group 2018-10-31),
Alibaba Cloud IoT Platform "MQTT-TCP connections", Tencent Cloud IoT Hub "MQTT-based device
connection over TCP". ``docs/how-to/use-a-cloud.md`` lists the sizes that fit a module.

Examples:
    >>> from m531x import clouds
    >>> login = clouds.onenet("pid123", "meter-17", "c2VjcmV0")
    >>> login.client_id, login.username, login.size
    ('meter-17', 'pid123', 174)
    >>> import m531x
    >>> with m531x.Modem("virtual://") as modem:
    ...     _ = modem.connect(**login, keepalive=300)
    ...     print(modem.publish("$sys/pid123/meter-17/dp/post/json", "{}").qos)
    0
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from m531x import _native
from m531x._errors import InvalidArgumentError
from m531x._half_built import shows_half_built
from m531x._secret import Hidden

__all__ = ["Login", "aliyun", "onenet", "tencent"]

Hash = Literal["md5", "sha1", "sha256"]
"""The hash function of a signature."""

_HOUR: Final = 3600
_TEN_YEARS: Final = 10 * 365 * 24 * _HOUR


@shows_half_built
class Login(Mapping[str, Any]):
    """A login, as the keyword arguments of `Modem.connect`: ``modem.connect(**login)``.

    Attributes:
        host: The broker of the cloud.
        port: Its TCP port.
        client_id: The client id.
        username: The user name.
        connect_limit: Bytes that the module takes for its CONNECT packet; None is the model's.
        size: Bytes of the CONNECT packet without a will; the module takes 256.
    """

    def __init__(
        self, native: _native.CloudLogin, host: str | None, port: int, connect_limit: int | None
    ) -> None:
        """The functions of this module make it.

        Raises:
            InvalidArgumentError: The CONNECT packet is too long for the module.
        """
        self._native = native
        self.host: str = host or native.host
        self.port: int = port
        self.client_id: str = native.client_id
        self.username: str = native.username
        self.connect_limit: int | None = connect_limit
        self.size: int = native.size
        native.check_size(connect_limit)

    def password(self) -> str:
        """A fresh password."""
        return self._native.password(_now())

    def __getitem__(self, name: str) -> Any:
        """The argument of this name."""
        if name not in self._names:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        """The names of the arguments."""
        return iter(self._names)

    def __len__(self) -> int:
        """How many arguments there are."""
        return len(self._names)

    def __repr__(self) -> str:
        """All but the password."""
        return f"<m531x.clouds.Login {self.client_id!r} as {self.username!r} at {self.host!r}>"

    _names: Final = ("host", "port", "client_id", "username", "password", "connect_limit")


def onenet(
    product_id: str,
    device_name: str,
    key: str,
    *,
    method: Hash = "sha256",
    valid_for: float = _HOUR,
    whole_product: bool = False,
    host: str | None = None,
    port: int = 1883,
    connect_limit: int | None = None,
) -> Login:
    """China Mobile's OneNET: each connection gets a token that expires.

    Args:
        product_id: The id of the product; the user name.
        device_name: The name of the device; the client id.
        key: The key of the device, in base64, as the console shows it.
        method: The hash function; a token with ``"sha1"`` is 17 bytes shorter.
        valid_for: Seconds until a token expires. The clock of this computer counts.
        whole_product: Whether `key` is the access key of the product instead.
        host: The broker; None is ``mqtts.heclouds.com``.
        port: Its TCP port.
        connect_limit: As for `Modem.connect`.

    Raises:
        InvalidArgumentError: The key is not base64, or the packet is too long for the module.

    Examples:
        >>> login = onenet("pid123", "meter-17", "c2VjcmV0", method="sha1")
        >>> login.password().partition("&et=")[0]
        'version=2018-10-31&res=products%2Fpid123%2Fdevices%2Fmeter-17'
    """
    hidden, key = Hidden(key), "***"
    _check_names(product_id=product_id, device_name=device_name)
    return _login(
        "onenet",
        product_id,
        device_name,
        hidden,
        method,
        (host, port, connect_limit),
        valid_for=valid_for,
        whole_product=whole_product,
    )


def aliyun(
    product_key: str,
    device_name: str,
    device_secret: str,
    *,
    client_id: str | None = None,
    region: str = "cn-shanghai",
    method: Hash = "sha256",
    timestamp: int | None = None,
    host: str | None = None,
    port: int = 1883,
    connect_limit: int | None = None,
) -> Login:
    """Alibaba Cloud's IoT Platform: the password is a signature, which does not expire.

    The broker takes keep-alives from 30 to 1200 seconds only.

    Args:
        product_key: The key of the product.
        device_name: The name of the device.
        device_secret: The secret of the device.
        client_id: Any name for the client, such as a serial number; None is the device name.
        region: The region of a public instance.
        method: The hash function.
        timestamp: Milliseconds since 1970 to sign as well; the broker does not need them.
        host: The broker; None is that of a public instance in the region.
        port: Its TCP port.
        connect_limit: As for `Modem.connect`.

    Raises:
        InvalidArgumentError: The packet is too long for the module.

    Examples:
        >>> login = aliyun("pk", "device", "secret", client_id="12345")
        >>> login.client_id, login.username
        ('12345|securemode=3,signmethod=hmacsha256|', 'device&pk')
    """
    hidden, device_secret = Hidden(device_secret), "***"
    _check_names(product_key=product_key, device_name=device_name)
    if not hidden.reveal():
        raise InvalidArgumentError("device_secret is empty")
    return _login(
        "aliyun",
        product_key,
        device_name,
        hidden,
        method,
        (host, port, connect_limit),
        region=region,
        client_id=client_id,
        timestamp=timestamp,
    )


def tencent(
    product_id: str,
    device_name: str,
    key: str,
    *,
    method: Hash = "sha256",
    valid_for: float = _TEN_YEARS,
    host: str | None = None,
    port: int = 1883,
    connect_limit: int | None = None,
) -> Login:
    """Tencent Cloud's IoT Hub: the password signs the user name, in which its expiry stands.

    The modem keeps the user name for all recoveries, so a login lasts as long as `valid_for`; make
    another and connect again for another. The broker takes keep-alives up to 900 seconds, no
    wills, and no QoS 2.

    Args:
        product_id: The id of the product.
        device_name: The name of the device.
        key: The key of the device, in base64, as the console shows it.
        method: The hash function, ``"sha256"`` or ``"sha1"``.
        valid_for: Seconds until the broker refuses this login. The clock of this computer counts.
        host: The broker; None is that of the product.
        port: Its TCP port.
        connect_limit: As for `Modem.connect`.

    Raises:
        InvalidArgumentError: The key is not base64, or the packet is too long for the module.

    Examples:
        >>> login = tencent("PROD123456", "meter-17", "c2VjcmV0")
        >>> login.username.startswith("PROD123456meter-17;12010126;")
        True
        >>> login.password().endswith(";hmacsha256")
        True
    """
    hidden, key = Hidden(key), "***"
    _check_names(product_id=product_id, device_name=device_name)
    broker = (host, port, connect_limit)
    return _login("tencent", product_id, device_name, hidden, method, broker, valid_for=valid_for)


def _login(
    cloud: str,
    product: str,
    device: str,
    key: Hidden[str],
    method: Hash,
    broker: tuple[str | None, int, int | None],
    *,
    valid_for: float | None = None,
    whole_product: bool = False,
    region: str | None = None,
    client_id: str | None = None,
    timestamp: int | None = None,
) -> Login:
    native = _native.CloudLogin(
        cloud,
        product,
        device,
        key.reveal(),
        method,
        valid_for,
        whole_product,
        region,
        client_id,
        timestamp,
        _now(),
    )
    return Login(native, *broker)


def _now() -> int:
    return int(time.time())


def _check_names(**names: str) -> None:
    for name, text in names.items():
        _native.check_text(name, text)
        if not text:
            raise InvalidArgumentError(f"{name} is empty")
