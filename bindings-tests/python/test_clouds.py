"""Logins for clouds: the vendors' own numbers, fresh tokens, and a broker that refuses old ones."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import m531x
from fake_cloud import FakeCloud, is_valid, parts, token_of
from m531x import clouds

KEY = "KuF3NT/jUBJ62LNBB/A8XZA9CqS3Cu79B/ABmfA1UCw="  # of the examples in OneNET's documents


M531X = Path(sys.executable).with_name("m531x")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that tokens are made and judged by."""
    now = [1.8e9]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def rfc_2104(key: bytes, text: str, name: str) -> bytes:
    """An HMAC as RFC 2104 has it, apart from the one of the standard library."""
    block = (
        key.ljust(64, b"\0") if len(key) <= 64 else hashlib.new(name, key).digest().ljust(64, b"\0")
    )
    inner = hashlib.new(name, bytes(byte ^ 0x36 for byte in block) + text.encode()).digest()
    return hashlib.new(name, bytes(byte ^ 0x5C for byte in block) + inner).digest()


def test_a_token_of_onenet_is_the_one_of_its_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    # Key, resource, expiry and method of the example in the document "token algorithm".
    monkeypatch.setattr(time, "time", lambda: 1537255523.0)
    login = clouds.onenet("123123", "any", KEY, method="sha1", valid_for=0, whole_product=True)
    assert login.password() == (
        "version=2018-10-31&res=products%2F123123&et=1537255523&method=sha1"
        "&sign=lsaPSiiGvEFFjXu5WU7a6IkScqE%3D"
    )


def test_a_password_of_aliyun_is_the_one_of_its_documents() -> None:
    # The example in the document "MQTT-TCP connections".
    login = clouds.aliyun("pk", "device", "secret", client_id="12345", method="sha1", timestamp=789)
    assert login.host == "pk.iot-as-mqtt.cn-shanghai.aliyuncs.com"
    assert login.client_id == "12345|securemode=3,signmethod=hmacsha1,timestamp=789|"
    assert login.username == "device&pk"
    assert login.password().upper() == "FAFD82A3D602B37FB0FA8B7892F24A477F851A14"


@pytest.mark.parametrize("method", ["sha1", "sha256"])
def test_a_password_of_tencent_signs_the_user_name(method: clouds.Hash) -> None:
    # Their document has the rule, and no example with a key.
    login = clouds.tencent("PROD123456", "dev1", KEY, method=method, valid_for=60)
    client_id, app, connection, expiry = login.username.split(";")
    assert (client_id, app, len(connection)) == ("PROD123456dev1", "12010126", 5)
    assert login.client_id == client_id
    assert abs(int(expiry) - time.time() - 60) < 30
    signature = rfc_2104(base64.b64decode(KEY), login.username, method).hex()
    assert login.password() == f"{signature};hmac{method}"


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256"])
def test_a_token_of_onenet_signs_its_own_parts(method: clouds.Hash) -> None:
    login = clouds.onenet("pid", "dev", KEY, method=method)
    token = parts(login.password())
    assert token["res"] == "products/pid/devices/dev"
    assert 0 < int(token["et"]) - time.time() <= 3600
    signed = "\n".join([token["et"], token["method"], token["res"], token["version"]])
    signature = base64.b64encode(rfc_2104(base64.b64decode(KEY), signed, method))
    assert token["sign"] == signature.decode()


def test_tokens_of_onenet_are_all_of_one_length(clock: list[float]) -> None:
    # Escapes would make some longer, and one of them too long for the module at a recovery.
    login = clouds.onenet("pid", "dev", KEY)
    lengths = set()
    for _ in range(200):
        clock[0] += 1000
        lengths.add(len(login.password()))
    assert len(lengths) == 1


@pytest.mark.parametrize("length", [1, 10, 20, 30, 31, 32, 33, 34, 35, 40, 128])
def test_a_login_is_refused_exactly_if_the_module_could_not_take_it(length: int) -> None:
    name = "d" * length
    token = f"version=2018-10-31&res=products%2Fpid1234567%2Fdevices%2F{name}&et=1800000000"
    token += "&method=sha256&sign=" + "x" * 43 + "%3D"
    with m531x.Modem("virtual://") as modem:
        try:
            modem.connect("h", client_id=name, username="pid1234567", password=token)
            refused = ""
        except m531x.InvalidArgumentError as error:
            refused = str(error)
    assert ("CONNECT" in refused) == (refused != "")
    try:
        fits = clouds.onenet("pid1234567", name, KEY).size <= 256
    except m531x.InvalidArgumentError:
        fits = False
    assert fits == (refused == "")


def test_the_limit_can_be_raised_for_a_module_that_takes_more() -> None:
    login = clouds.onenet("pid1234567", "d" * 60, KEY, connect_limit=300)
    assert 256 < login.size <= 300
    # The virtual modem has the limit of the firmware, and refuses by itself.
    with (
        m531x.Modem("virtual://") as modem,
        pytest.raises((m531x.CommandError, m531x.ConnectError)),
    ):
        modem.connect(**login)
    with pytest.raises(m531x.InvalidArgumentError, match="280"):
        clouds.onenet("pid1234567", "d" * 80, KEY, connect_limit=280)
    with (
        m531x.Modem("virtual://") as modem,
        pytest.raises(m531x.InvalidArgumentError, match="connect_limit"),
    ):
        modem.connect("h", client_id="c", connect_limit=-1)


def test_the_size_is_that_of_the_packet() -> None:
    with FakeCloud(lambda _: 0) as cloud, cloud.modem() as modem:
        login = clouds.onenet("pid", "dev", KEY, host="broker.example")
        modem.connect(**login)
        assert len(cloud.connects[0]) == login.size


def _onenet(method: clouds.Hash, name: str, *, whole_product: bool = False) -> clouds.Login:
    return clouds.onenet("p" * 10, name, KEY, method=method, whole_product=whole_product)


def _aliyun(method: clouds.Hash, name: str, *, client_id: str | None = None) -> clouds.Login:
    return clouds.aliyun("p" * 11, name, KEY, method=method, client_id=client_id)


def _tencent(method: clouds.Hash, name: str) -> clouds.Login:
    return clouds.tencent("p" * 10, name, KEY, method=method)


def test_the_sizes_in_the_how_to_are_right() -> None:
    def longest(make: Callable[[str], clouds.Login]) -> str:
        for length in range(1, 200):
            try:
                make("d" * length)
            except m531x.InvalidArgumentError:
                return str(length - 1)
        raise AssertionError

    hashes: list[clouds.Hash] = ["sha256", "sha1", "md5"]
    rows = [
        [longest(partial(_onenet, method)) for method in hashes],
        [longest(partial(_onenet, method, whole_product=True)) for method in hashes],
        [longest(partial(_aliyun, method)) for method in hashes],
        [longest(partial(_aliyun, method, client_id="1" * 15)) for method in hashes],
        [longest(partial(_tencent, method)) for method in hashes[:2]],
    ]
    page = (Path(__file__).parents[2] / "docs/how-to/use-a-cloud.md").read_text(encoding="utf-8")
    table = page.partition("<!-- sizes -->\n")[2].partition("\n\n")[0].splitlines()[2:]
    assert [
        [cell.strip() for cell in line.split("|")[2:-1] if cell.strip()] for line in table
    ] == rows


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: clouds.onenet("pid", "dev", "not base64!"), "base64"),
        (lambda: clouds.onenet("pid", "dev", ""), "base64"),
        (lambda: clouds.onenet("", "dev", KEY), "product_id"),
        (lambda: clouds.onenet("pid", "dev", KEY, method="sha512"), "sha512"),  # type: ignore[arg-type]
        (lambda: clouds.tencent("pid", "dev", KEY, method="md5"), "md5"),
        (lambda: clouds.aliyun("pid", "dev", ""), "device_secret"),
        (lambda: clouds.aliyun("pid", "d" * 200, "secret"), "256"),
        (lambda: clouds.tencent("pid", "d" * 100, KEY), "256"),
    ],
)
def test_a_wrong_argument_is_named(make: Callable[[], object], words: str) -> None:
    with pytest.raises(m531x.InvalidArgumentError, match=words):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda secret: clouds.onenet("pid", "d" * 200, secret),
        lambda secret: clouds.onenet("pid", "", secret),
        lambda secret: clouds.onenet("pid", "dev", f"?{secret}"),
        lambda secret: clouds.aliyun("pid", "d" * 200, secret),
        lambda secret: clouds.tencent("pid", "d" * 200, secret),
    ],
)
def test_no_error_shows_a_secret(make: Callable[[str], object]) -> None:
    secret = base64.b64encode(b"geheimgeheim").decode()
    with pytest.raises(m531x.InvalidArgumentError) as caught:
        make(secret)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    inner = [f"{frame.locals}" for frame in frames.stack if frame.filename == clouds.__file__]
    assert inner != []
    assert secret not in f"{inner}{caught.value}"
    login = clouds.onenet("pid", "dev", secret)
    assert secret not in f"{login!r}{vars(login)}"
    assert "sign=" not in repr(login)


def test_a_recovery_after_the_expiry_sends_a_fresh_token(
    clock: list[float], eventually: Callable[..., None]
) -> None:
    def answer(token: str) -> int:
        return 0 if int(parts(f"version={token}")["et"]) >= clock[0] else 5

    recovery = m531x.Recovery(initial_delay=0.05, max_delay=0.1)
    with FakeCloud(answer) as cloud, cloud.modem(recovery=recovery) as modem:
        login = clouds.onenet("pid", "dev", KEY, valid_for=3600)
        stale = login.password()
        modem.connect(**login)
        clock[0] += 7200
        # The cloud no longer takes the token that the connection was made with.
        other = cloud.modem()
        with other, pytest.raises(m531x.ConnectError) as caught:
            other.connect(**{**login, "password": stale})
        assert caught.value.return_code == 5
        cloud.cut()
        # First the module itself tries again, with the token that has expired.
        eventually(lambda: answer(token_of(cloud.connects[-1])) == 0, 50)
        eventually(lambda: "connected" in repr(modem))


def test_a_login_of_tencent_is_refused_after_its_time(clock: list[float]) -> None:
    expiries: list[float] = []

    def answer(_: str) -> int:
        username = cloud.connects[-1].decode("latin-1").partition("PROD123456dev;")[2]
        expiries.append(float(username.split(";")[2][:10]))
        return 0 if expiries[-1] >= clock[0] else 5

    cloud = FakeCloud(answer)
    with cloud, cloud.modem() as modem:
        login = clouds.tencent("PROD123456", "dev", KEY, valid_for=60)
        modem.connect(**login)
        modem.disconnect()
        clock[0] += 61
        with pytest.raises(m531x.ConnectError) as caught:
            modem.connect(**login)
        assert caught.value.return_code == 5
        modem.connect(**clouds.tencent("PROD123456", "dev", KEY, valid_for=60))


@pytest.mark.timeout(120)
def test_the_command_line_makes_a_fresh_token_for_each_connection() -> None:
    command = [str(M531X), "pub", "-l", "-t", "x", "--cloud", "onenet"]
    command += ["--cloud-product", "pid", "--cloud-device", "dev", "--cloud-valid-for", "8"]
    with FakeCloud(lambda token: 0 if is_valid(token) else 5) as cloud:
        with subprocess.Popen(
            [*command, "--port", cloud.port()],
            env=os.environ | {"M531X_CLOUD_KEY": KEY},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                cloud.renew()
            finally:
                _, printed = process.communicate()
        assert process.returncode == 0, printed
        assert b"dev" in cloud.connects[0]
        assert KEY not in printed


def _device(cloud: str, key: str = KEY) -> list[str]:
    return ["--cloud", cloud, "--cloud-product", "p", "--cloud-device", "d", "--cloud-key", key]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cloud", "onenet", "--cloud-product", "p", "--cloud-device", "d"], "--cloud-key"),
        (_device("azure"), "tencent"),
        (_device("onenet", "?geheim"), "base64"),
        ([*_device("onenet"), "-i", "x"], "client id"),
        ([*_device("tencent"), "-u", "x"], "--username"),
        (["-P", "geheim"], "-u"),
    ],
)
def test_the_command_line_refuses_what_does_not_go_together(
    arguments: list[str], words: str
) -> None:
    done = subprocess.run(
        [M531X, "pub", "--port", "/dev/none", "-t", "x", "-n", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "geheim" not in done.stderr


@pytest.mark.parametrize(
    ("given", "host"), [([], "mqtts.heclouds.com"), (["-h", "localhost"], "localhost")]
)
def test_a_host_that_is_given_takes_the_place_of_the_clouds(given: list[str], host: str) -> None:
    done = subprocess.run(
        [
            M531X,
            "pub",
            "--port",
            "virtual://",
            "-t",
            "x",
            "-m",
            "1",
            "-d",
            *_device("onenet"),
            *given,
        ],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f'AT+MQTTCFG="{host}"' in done.stderr + done.stdout


def test_a_login_is_a_mapping_of_arguments() -> None:
    login = clouds.aliyun("pk", "dev", "secret")
    names = ["host", "port", "client_id", "username", "password", "connect_limit"]
    assert list(login) == names
    assert len(login) == 6
    with pytest.raises(KeyError):
        login["size"]
