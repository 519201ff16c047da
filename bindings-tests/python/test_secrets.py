"""Passwords are planted, everything that can print is made to, and the output is searched."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import logging
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import m531x
from m531x import aio

pytest_plugins = ["pytester"]

Eventually = Callable[[Callable[[], bool]], None]
PASSWORDS = [
    "Zq7vTr9Kx2mPw4Ls",
    "Wort,mit Komma=9Xk4;und:mehr",
    "Schlüssel-密码-91QzR",
    "'9Xk4\\n%s{0}$PATH`id`",
]
PACKAGE = str(Path(m531x.__file__).parent)


def looks(password: str) -> set[str]:
    """The forms in which a password could stand in a text."""
    data = password.encode()
    shifted = (base64.b64encode(b"x" * shift + data).decode().rstrip("=") for shift in range(3))
    return {
        password,
        password[::-1],
        repr(password)[1:-1],
        repr(data)[2:-1],
        ascii(password)[1:-1],
        data.hex(),
        data.hex().upper(),
        data.hex(" "),
        data.hex(",").upper(),
        data.decode("latin-1"),
        "".join(f"\\x{byte:02x}" if byte > 126 else chr(byte) for byte in data),
        ", ".join(str(byte) for byte in data),
        ",".join(str(byte) for byte in data),
        # The first and last characters depend on what stands around.
        *(text[4:-3] for text in shifted),
    }


def search(text: str, password: str) -> None:
    """Fails if the password, or six characters in a row of it, stand in the text in any form."""
    # Lines may have been wrapped, with margins, anywhere.
    texts = [text, "".join(text.split()), "".join(line.lstrip("E> |") for line in text.split("\n"))]
    for look in looks(password):
        for needle in {look, "".join(look.split())}:
            # Numbers are longer than what they stand for; any time may hold six digits of one.
            length = 16 if set(needle.lower()) <= set("0123456789abcdef, ") else 6
            for start in range(len(needle) - length + 1):
                piece = needle[start : start + length]
                for where in texts:
                    assert piece not in where, f"{piece!r} in: ...{excerpt(where, piece)}..."


def excerpt(text: str, piece: str) -> str:
    at = text.index(piece)
    return text[max(at - 200, 0) : at + 100]


@pytest.mark.parametrize("password", PASSWORDS)
def test_the_search_finds_what_it_looks_for(password: str) -> None:
    data = password.encode()
    for text in (
        f"x{password}y",
        password[2:9],
        repr([password]),
        repr(data),
        str(list(data)),
        data.hex(),
        base64.b64encode(b"AT+MQTTCFG=" + data + b",1").decode(),
        "\n".join(password),
        password[::-1],
    ):
        with pytest.raises(AssertionError, match="in: "):
            search(text, password)
    search("AT+MQTTCFG=***", password)


class Everything:
    """Collects what is printed."""

    def __init__(self) -> None:
        self.text = io.StringIO()

    def add(self, *things: object) -> None:
        for thing in things:
            print(repr(thing), thing, file=self.text)

    def failing(self, call: Callable[[], object]) -> None:
        """The call fails; its error is printed as error reporters print it, variables included."""
        with pytest.raises(Exception) as caught:  # noqa: PT011 - all kinds, and all are searched
            call()
        self.add_error(caught.value)

    def add_error(self, error: BaseException) -> None:
        self.add(error, error.args, vars(error))
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        for number, frame in enumerate(report.stack):
            # The test's own variables and lines hold the password, of course.
            if not frame.filename.startswith(PACKAGE):
                report.stack[number] = traceback.FrameSummary(
                    frame.filename, frame.lineno, frame.name, line=""
                )
        self.text.write("".join(report.format()))


@pytest.fixture
def everything() -> Iterator[Everything]:
    everything = Everything()
    handler = logging.StreamHandler(everything.text)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(args)s %(message)s"))
    root = logging.getLogger()
    level, root.level = root.level, logging.DEBUG
    wire = logging.getLogger("m531x.wire")
    wire.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield everything
    root.removeHandler(handler)
    wire.setLevel(logging.NOTSET)
    root.setLevel(level)


def configuration(password: str, end: str = ",1") -> str:
    return f'AT+MQTTCFG="broker",1883,"c",60,"u","{password}"{end}'


def drive(modem: m531x.Modem, password: str, everything: Everything) -> None:
    """Uses the password in right and wrong ways."""
    failing = everything.failing
    modem.connect("broker.example", client_id="c", username="u", password=password)
    everything.add(modem.config(), modem.status(), modem.info(), modem.stats())
    modem.command("AT+MQTTCFG?")
    failing(lambda: modem.connect("b", client_id="c", username="u", password=password + '"'))
    failing(lambda: modem.connect("b", client_id="c", username="u", password=password + "\r"))
    failing(lambda: modem.connect("b", client_id="c", username="u", password=password * 99))
    failing(lambda: modem.connect("b", client_id="c", password=password))
    failing(lambda: modem.connect("b", 99999, client_id="c", username="u", password=password))
    wrong: object = password.encode()
    failing(lambda: modem.connect("b", client_id="c", username="u", password=wrong))  # type: ignore[arg-type]
    wrong_list: object = [password]
    failing(lambda: modem.connect("b", client_id="c", password=wrong_list))  # type: ignore[arg-type]
    failing(lambda: modem.command(configuration(password)))
    failing(lambda: modem.command(configuration(password, end="")))
    failing(lambda: modem.command(configuration(password).replace("=", " ", 1)))
    failing(lambda: modem.command(configuration(password) + "\r"))
    failing(lambda: modem.command(configuration(password * 99)))
    failing(lambda: modem.command(configuration(password), timeout=-1))
    for line in (
        f'AT+CPIN="{password}"',
        f'at+cpin = "{password}","{password}"',
        f'AT+CLCK="SC",1,"{password}"',
        f'AT+CPWD="SC","{password}","{password}"',
        f'AT+CGAUTH=1,1,"user","{password}"',
        f'AT+CSQ;+CPIN="{password}"',
    ):
        failing(partial(modem.command, line))
    modem.delete()
    modem.command(configuration(password).lower().replace(password.lower(), password))


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("faults", [[], ["split-writes"]], ids=["whole", "split"])
def test_no_password_is_shown_anywhere(
    password: str, faults: list[str], everything: Everything, eventually: Eventually
) -> None:
    seen: list[m531x.Event] = []
    with m531x.VirtualModem("M5311", echo=True, faults=faults) as virtual:
        with m531x.Modem(virtual.port, trace=2000) as modem:
            modem.on_event = seen.append
            drive(modem, password, everything)
            # Echoes and read-backs that belong to nothing: whole, garbled, in a doubtful stretch.
            line = configuration(password).encode()
            reach = str(len(line) + 2)
            modem.connect("broker.example", client_id="c", username="u", password=password)
            modem.subscribe("#")
            for stray in (
                line,
                b"+MQTTCFG: " + line.partition(b"=")[2],
                b"G=" + line.partition(b"=")[2],
                b"AT+MQTT\xffFG=" + line.partition(b"=")[2],
                b"+MQTTPUBLISH:0,0,0,0,a,2,b,4,abcd\r\n" + line,
                b"+MQTTPUBLISH:0,0,0,0,a,%d,b,%d,\r\n" % (len(reach) + 3, len(line) + 2) + line,
                b"+CME ERROR: " + line,
            ):
                virtual.inject(stray + b"\r\n")
            virtual.inject(b"+CEREG: 5\r\n")
            eventually(lambda: any(event.text == "+CEREG: 5" for event in seen))
            doubtful = [event for event in seen if event.kind is m531x.EventKind.AMBIGUOUS]
            assert any("MQTTCFG" in event.text for event in doubtful)
            trace = modem.trace()
            everything.add(modem, trace, trace._repr_html_(), *trace, *seen, modem.stats())
        virtual.close()
        everything.failing(lambda: modem.connect("b", client_id="c", password=password))
        everything.failing(lambda: modem.command(configuration(password)))
        everything.failing(lambda: m531x.Modem(f"/dev/{virtual.port}/no"))
        everything.add(virtual, virtual.transcript)
    text = everything.text.getvalue()
    assert "MQTTCFG" in text
    assert "m531x.wire" in text
    assert text.count("***") > 20
    search(text, password)


@pytest.mark.parametrize("password", PASSWORDS[:1])
def test_an_echo_that_a_urc_cuts_in_two_shows_none(
    password: str, everything: Everything, eventually: Eventually
) -> None:
    line = configuration(password).encode()
    at = line.index(password.encode()) + 7
    virtual = m531x.VirtualModem("M5311")
    with virtual, m531x.Modem(virtual.port, trace=2000) as modem:
        modem.command(line.decode())
        virtual.inject(line[:at] + b"\r\n+CEREG: 1\r\n" + line[at:] + b"\r\n")
        eventually(lambda: '***",1' in repr(modem.trace()))
        everything.add(modem.trace(), virtual.transcript)
    search(everything.text.getvalue(), password)


@pytest.mark.parametrize("password", PASSWORDS[:1])
def test_asyncio_shows_none_either(password: str, everything: Everything) -> None:
    async def main() -> None:
        async with aio.Modem("virtual://", trace=500) as modem:
            await modem.connect("b", client_id="c", username="u", password=password)
            for call in (
                modem.connect("b", client_id="c", username="u", password=password + '"'),
                modem.connect("b", client_id="c", password=password),
                modem.command(configuration(password) + "\n"),
                modem.command(configuration(password, end="")),
            ):
                try:
                    await call
                except Exception as error:
                    everything.add_error(error)
                else:
                    pytest.fail("it was taken")
            everything.add(modem, modem.trace(), modem.trace()._repr_html_())

    asyncio.run(main())
    text = everything.text.getvalue()
    assert text.count("***") > 5
    search(text, password)


def test_a_failing_connect_under_pytest_shows_none(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_PASSWORD", PASSWORDS[0])
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider")
    pytester.makepyfile(
        """
        import os

        def test_connect(modem):
            modem.connect(
                "b", client_id="c", username="u", password=os.environ["BROKER_PASSWORD"] + '"'
            )

        def test_command(modem):
            modem.command('AT+MQTTCFG="b",1883,"c",60,"u","' + os.environ["BROKER_PASSWORD"] + '"')
        """
    )
    result = pytester.runpytest_subprocess("--showlocals", "--tb=long", "--full-trace", "-vv")
    result.assert_outcomes(failed=2)
    text = result.stdout.str() + result.stderr.str()
    assert "connect" in text
    search(text, PASSWORDS[0])


@pytest.mark.parametrize(
    "host",
    [
        "mqtt://me:{}@broker.example",
        "me:{}@broker.example",
        "{}:1883",
        "{}/path",
    ],
)
def test_a_host_that_may_hold_a_password_is_refused_and_not_shown(
    host: str, caplog: pytest.LogCaptureFixture
) -> None:
    password = PASSWORDS[0]
    caplog.set_level(logging.DEBUG)

    async def asynchronously() -> str:
        async with aio.Modem("virtual://") as modem:
            with pytest.raises(m531x.InvalidArgumentError) as refused:
                await modem.connect(host.format(password), client_id="c")
            return str(refused.value)

    with m531x.Modem("virtual://", trace=100) as modem:
        before = len(modem.trace())
        with pytest.raises(m531x.InvalidArgumentError) as refused:
            modem.connect(host.format(password), client_id="c")
        assert len(modem.trace()) == before, "nothing was sent"
    for text in (str(refused.value), repr(refused.value), asyncio.run(asynchronously())):
        assert "host holds a" in text
        search(text, password)
    search(caplog.text, password)


def test_pins_are_hidden_in_any_spelling(caplog: pytest.LogCaptureFixture) -> None:
    with m531x.Modem("virtual://", trace=100) as modem:
        for line in (
            'AT+CPIN:"74638291"',
            "at+cpin = 74638291",
            "AT+CPIN2=74638291",
            'AT+NPIN=0,"74638291"',
            "AT+CPIN 74638291",
        ):
            with contextlib.suppress(m531x.M531xError):
                modem.command(line)
        texts = [entry.text for entry in modem.trace()]
    assert sum("***" in text for text in texts) >= 5
    assert "74638291" not in "\n".join(texts) + caplog.text
