"""Logins for OneNET, Alibaba Cloud and Tencent Cloud: client id, user name and fresh passwords.

Each function makes a `Login`, which `Modem.connect` takes as keyword arguments. Its password is a
function, which the modem calls for every connection and every recovery, so that a token that has
expired is never sent.

The vendors' rules are in their documents: OneNET "token algorithm" (parameter group 2018-10-31),
Alibaba Cloud IoT Platform "MQTT-TCP connections", Tencent Cloud IoT Hub "MQTT-based device
connection over TCP". ``docs/how-to/use-a-cloud.md`` lists the sizes that fit a module.

Example:
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

import base64
import hmac
import secrets
import string
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote

from m531x import _native
from m531x._errors import InvalidArgumentError
from m531x._secret import Hidden

__all__ = ["Login", "aliyun", "onenet", "tencent"]

Hash = Literal["md5", "sha1", "sha256"]
"""The hash function of a signature."""

# The buffer in which the module builds its CONNECT packet (dialect.md, limits).
_LIMIT: Final = 256
_ONENET_VERSION: Final = "2018-10-31"
# Every fourth signature needs no escapes, and a token without any is the shortest.
_TRIES: Final = 64
# The number that Tencent's documents give for devices that sign by themselves.
_TENCENT_APP: Final = "12010126"
_HOUR: Final = 3600
_TEN_YEARS: Final = 10 * 365 * 24 * _HOUR


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
        self,
        host: str,
        port: int,
        client_id: str,
        username: str,
        password: Callable[[], str],
        connect_limit: int | None,
    ) -> None:
        """The functions of this module make it.

        Raises:
            InvalidArgumentError: The CONNECT packet is too long for the module.
        """
        self.host: str = host
        self.port: int = port
        self.client_id: str = client_id
        self.username: str = username
        self.connect_limit: int | None = connect_limit
        self._password = password
        lengths = [len(client_id.encode()), len(username.encode()), len(password())]
        # MQTT 3.1.1, 3.1: two bytes of length before each, ten before all, and the fixed header.
        length = 10 + sum(2 + length for length in lengths)
        self.size: int = length + (2 if length < 128 else 3)
        limit = _LIMIT if connect_limit is None else connect_limit
        if self.size > limit:
            raise InvalidArgumentError(
                f"the CONNECT packet has {self.size} bytes and the module takes {limit}: use a "
                "shorter device name, or method='sha1'"
            )

    def password(self) -> str:
        """A fresh password."""
        return self._password()

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
    host: str = "mqtts.heclouds.com",
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
        host: The broker.
        port: Its TCP port.
        connect_limit: As for `Modem.connect`.

    Raises:
        InvalidArgumentError: The key is not base64, or the packet is too long for the module.

    Example:
        >>> login = onenet("pid123", "meter-17", "c2VjcmV0", method="sha1")
        >>> login.password().partition("&et=")[0]
        'version=2018-10-31&res=products%2Fpid123%2Fdevices%2Fmeter-17'
    """
    hidden, key = Hidden(key), "***"
    _check_texts(product_id=product_id, device_name=device_name, host=host)
    _check_method(method, ("md5", "sha1", "sha256"))
    resource = f"products/{product_id}" + ("" if whole_product else f"/devices/{device_name}")
    secret = _decoded(hidden)

    def password() -> str:
        token = ""
        latest = int(time.time() + valid_for)
        for expiry in range(latest, latest - _TRIES, -1):
            token = _onenet_token(secret, resource, expiry, method)
            if "%" not in token.removesuffix("%3D%3D").removesuffix("%3D").rpartition("=")[2]:
                break
        return token

    return Login(host, port, device_name, product_id, password, connect_limit)


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

    Example:
        >>> login = aliyun("pk", "device", "secret", client_id="12345")
        >>> login.client_id, login.username
        ('12345|securemode=3,signmethod=hmacsha256|', 'device&pk')
    """
    hidden, device_secret = Hidden(device_secret), "***"
    client_id = device_name if client_id is None else client_id
    _check_texts(product_key=product_key, device_name=device_name)
    _check_texts(client_id=client_id, region=region)
    _check_method(method, ("md5", "sha1", "sha256"))
    if not isinstance(hidden.reveal(), str) or not hidden.reveal():
        raise InvalidArgumentError("device_secret is not a text, or empty")
    signed = ""
    extra = f"securemode=3,signmethod=hmac{method}"
    if timestamp is not None:
        extra, signed = f"{extra},timestamp={timestamp}", f"timestamp{timestamp}"
    content = f"clientId{client_id}deviceName{device_name}productKey{product_key}{signed}"
    broker = host or f"{product_key}.iot-as-mqtt.{region}.aliyuncs.com"

    def password() -> str:
        return hmac.digest(hidden.reveal().encode(), content.encode(), method).hex()

    username = f"{device_name}&{product_key}"
    return Login(broker, port, f"{client_id}|{extra}|", username, password, connect_limit)


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

    Example:
        >>> login = tencent("PROD123456", "meter-17", "c2VjcmV0")
        >>> login.username.startswith("PROD123456meter-17;12010126;")
        True
        >>> login.password().endswith(";hmacsha256")
        True
    """
    hidden, key = Hidden(key), "***"
    _check_texts(product_id=product_id, device_name=device_name)
    _check_method(method, ("sha1", "sha256"))
    secret = _decoded(hidden)
    client_id = f"{product_id}{device_name}"
    connection = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(5))
    username = f"{client_id};{_TENCENT_APP};{connection};{int(time.time() + valid_for)}"

    def password() -> str:
        signature = hmac.digest(secret.reveal(), username.encode(), method).hex()
        return f"{signature};hmac{method}"

    broker = host or f"{product_id}.iotcloud.tencentdevices.com"
    return Login(broker, port, client_id, username, password, connect_limit)


def _onenet_token(key: Hidden[bytes], resource: str, expiry: int, method: str) -> str:
    signed = f"{expiry}\n{method}\n{resource}\n{_ONENET_VERSION}"
    signature = base64.b64encode(hmac.digest(key.reveal(), signed.encode(), method)).decode()
    return (
        f"version={_ONENET_VERSION}&res={quote(resource, safe='')}&et={expiry}"
        f"&method={method}&sign={quote(signature, safe='')}"
    )


def _decoded(key: Hidden[str]) -> Hidden[bytes]:
    try:
        decoded = Hidden(base64.b64decode(key.reveal(), validate=True))
    except (TypeError, ValueError):
        decoded = Hidden(b"")
    if not decoded.reveal():
        raise InvalidArgumentError("key is not base64: give it as the cloud's console shows it")
    return decoded


def _check_texts(**texts: str) -> None:
    for name, text in texts.items():
        _native.check_text(name, text)
        if not text:
            raise InvalidArgumentError(f"{name} is empty")


def _check_method(method: str, known: tuple[str, ...]) -> None:
    if method not in known:
        raise InvalidArgumentError(f"method is {method!r}: give one of {', '.join(known)}")
