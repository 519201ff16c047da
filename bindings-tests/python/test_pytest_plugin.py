"""The plugin, in runs of pytest of their own."""

from __future__ import annotations

import pathlib
import sys

import pytest

import m531x
from m531x import _port_pool

pytest_plugins = ["pytester"]

VIRTUAL = "tcp://127.0.0.1:" if sys.platform == "win32" else "/dev/pts/"
"""How the port of a virtual modem begins."""


@pytest.fixture(autouse=True)
def own_settings(pytester: pytest.Pytester) -> None:
    """The settings of this repository stay out."""
    pytester.makeini(
        "[pytest]\nfilterwarnings = error\naddopts = --strict-markers -p no:cacheprovider"
    )


def test_a_test_gets_an_open_modem_and_its_virtual_modem(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(modem, virtual_modem):
            assert modem.port == virtual_modem.port
            modem.connect("broker.example", client_id="c")
            modem.subscribe("t")
            modem.publish("t", "hello")
            assert next(modem.messages(timeout=10)).text == "hello"
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_failing_test_shows_the_line_without_the_password(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(modem):
            modem.connect("broker.example", client_id="c", username="u", password="ge" + "heim")
            assert modem.command("AT+CGMM") == ["another"]
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*m531x: {VIRTUAL}*", "* > AT+CGMM", "* < M5310-A", "* < OK"])
    result.stdout.fnmatch_lines(['* > AT+MQTTCFG=*"[*][*][*]"*'])
    result.stdout.no_fnmatch_line("*geheim*")


def test_a_passing_test_shows_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(modem): modem.command('AT')")
    result = pytester.runpytest_subprocess("-rA")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line(f"*m531x: {VIRTUAL}*")


def test_the_marker_makes_the_modem(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import m531x
        import pytest

        @pytest.mark.m531x(model="M5311", faults=["lost-ack=puback"])
        class TestIt:
            def test_the_class(self, modem):
                modem.connect("broker.example", client_id="c", ack_timeout=1)
                assert modem.info().model == "M5311"
                with pytest.raises(m531x.PublishError):
                    modem.publish("t", "x", qos=1)

            @pytest.mark.m531x(firmware="vendor", faults={"refused-double-sub": 767})
            def test_the_firmware(self, modem):
                modem.connect("broker.example", client_id="c")
                modem.subscribe("t", qos=0)
                with pytest.raises(m531x.CommandError, match="767"):
                    modem.command('AT+MQTTSUB="t",0')

            @pytest.mark.m531x(model="M5312")
            def test_the_closest_wins(self, modem):
                assert modem.info().model == "M5312"
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=3)


def test_a_wrong_marker_is_refused(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.m531x(modle="M5311")
        def test_it(modem): pass
        """
    )
    result = pytester.runpytest_subprocess()
    assert result.ret != 0
    result.stderr.fnmatch_lines(["*does not take modle: give model, hardware*"])


def test_the_same_tests_run_on_a_real_port(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        def test_both(modem):
            assert modem.info().model == "M5313"

        def test_virtual_only(modem, virtual_modem): pass

        @pytest.mark.m531x(faults=["lost-ack=any"])
        def test_faults(modem): pass

        @pytest.mark.m531x(hardware=True)
        def test_hardware_only(modem):
            assert modem.port.startswith("VIRTUAL")
        """.replace("VIRTUAL", VIRTUAL)
    )
    with m531x.VirtualModem("M5313") as stand_in:
        result = pytester.runpytest_subprocess("--m531x-port", stand_in.port, "-rs")
        result.assert_outcomes(passed=2, skipped=2)
        result.stdout.fnmatch_lines(["*it uses virtual_modem, and --m531x-port names a real one*"])
    result = pytester.runpytest_subprocess("--m531x-model", "M5313", "-rs")
    result.assert_outcomes(passed=3, skipped=1)


def test_the_port_is_free_again_for_the_next_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("turn", range(3))
        def test_it(modem, turn):
            modem.command("AT")
            assert turn != 1
        """
    )
    with m531x.VirtualModem() as stand_in:
        result = pytester.runpytest_subprocess("--m531x-port", stand_in.port)
        result.assert_outcomes(passed=2, failed=1)


def test_a_real_module_is_left_without_connection_and_client(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio
        import m531x

        def connect(modem):
            modem.connect("broker.example", client_id="c")

        def test_left_connected(modem):
            connect(modem)

        def test_closed_by_the_test(modem):
            assert modem.status() is m531x.MqttState.OFF
            connect(modem)
            modem.close()

        def test_asyncio(aio_modem):
            async def main():
                async with aio_modem as modem:
                    assert await modem.status() is m531x.MqttState.OFF
                    await modem.connect("broker.example", client_id="c")

            asyncio.run(main())
        """
    )
    with m531x.VirtualModem("M5313") as stand_in:
        result = pytester.runpytest_subprocess("--m531x-port", stand_in.port)
        result.assert_outcomes(passed=3)
        with m531x.Modem(stand_in.port) as modem:
            assert modem.status() is m531x.MqttState.OFF


def test_two_modems_talk_on_one_broker(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(modem, modem_factory, virtual_modem):
            other = modem_factory(queue_size=5)
            modem.connect("broker.example", client_id="one")
            other.connect("broker.example", client_id="two")
            assert other.port != modem.port
            inbox = other.subscribe("t")
            modem.publish("t", "hello", qos=1)
            assert next(inbox.messages(timeout=10)).text == "hello"
            assert [message.text for message in virtual_modem.published] == ["hello"]
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_modem_for_asyncio(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio

        def test_it(aio_modem, virtual_modem):
            async def main():
                async with aio_modem as modem:
                    await modem.connect("broker.example", client_id="c")
                    inbox = await modem.subscribe("t")
                    assert virtual_modem.deliver("t", "hello") == 1
                    async for message in inbox.messages(timeout=10):
                        return message.text

            assert asyncio.run(main()) == "hello"
            assert False
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*m531x: {VIRTUAL}*", '* > AT+MQTTSUB="t"*'])


def test_a_traceback_ends_at_the_line_of_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(modem):
            modem.publish("t", "x")

        def test_asyncio(aio_modem):
            import asyncio

            async def main():
                async with aio_modem as modem:
                    await modem.publish("t", "x")

            asyncio.run(main())
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*NotConnectedError: publish to*"])
    result.stdout.no_fnmatch_line("*_modem.py*")
    whole = pytester.runpytest_subprocess("--full-trace")
    whole.stdout.fnmatch_lines(["*m531x/_modem.py*"])


def test_the_workers_of_xdist_share_the_ports(
    pytester: pytest.Pytester, tmp_path: pathlib.Path
) -> None:
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider")
    pytester.makepyfile(
        """
        import pathlib
        import pytest

        @pytest.mark.parametrize("turn", range(6))
        def test_it(modem, turn):
            name = modem.port.replace("/", "-")
            used = pathlib.Path("used" + name)
            used.touch(exist_ok=False)
            assert modem.command("AT+CGMM")
            used.unlink()
            with pathlib.Path("ports").open("a") as file:
                file.write(modem.port + chr(10))
        """
    )
    ports = tmp_path / "ports"
    with m531x.VirtualModem() as one, m531x.VirtualModem() as two, m531x.VirtualModem() as three:
        ports.write_text(f"{two.port}  # the second\n\n{three.port}\n")
        result = pytester.runpytest_subprocess(
            "-n", "3", "--m531x-port", one.port, "--m531x-port", ports
        )
        result.assert_outcomes(passed=6)
        used = set((pytester.path / "ports").read_text().split())
    assert used <= {one.port, two.port, three.port}
    assert len(used) > 1


def test_a_port_that_another_run_uses_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    device = tmp_path / "device"
    device.touch()
    (tmp_path / "link").symlink_to(device)
    pool = _port_pool.PortPool([str(device), "/dev/other"], 0)
    with pool.lend(0) as port, _port_pool.PortPool(["/dev/other", str(device)], 1).lend(0) as other:
        assert (port, other) == (str(device), "/dev/other")
        alone = _port_pool.PortPool([str(tmp_path / "link")], 0)
        with pytest.raises(m531x.M531xError, match="no port is free"), alone.lend(0):
            pass
    with alone.lend(0) as port:
        assert port == str(tmp_path / "link")


def test_a_file_without_ports_is_refused(pytester: pytest.Pytester) -> None:
    pytester.makefile(".txt", ports="# none yet")
    result = pytester.runpytest_subprocess("--m531x-port", "ports.txt")
    assert result.ret != 0
    result.stderr.fnmatch_lines(["*ports.txt names no port: write one a line*"])


def test_help_names_options_and_marker(pytester: pytest.Pytester) -> None:
    options = pytester.runpytest_subprocess("--help")
    options.stdout.fnmatch_lines(["*--m531x-port=PORT*", "*--m531x-model=MODEL*"])
    pytester.runpytest_subprocess("--markers").stdout.fnmatch_lines(["*pytest.mark.m531x(model*"])
