"""The plugin, in runs of pytest of their own."""

from __future__ import annotations

import pytest

import m531x

pytest_plugins = ["pytester"]


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
    result.stdout.fnmatch_lines(["*m531x: /dev/pts/*", "* > AT+CGMM", "* < M5310-A", "* < OK"])
    result.stdout.fnmatch_lines(['* > AT+MQTTCFG=*"[*][*][*]"*'])
    result.stdout.no_fnmatch_line("*geheim*")


def test_a_passing_test_shows_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(modem): modem.command('AT')")
    result = pytester.runpytest_subprocess("-rA")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*m531x: /dev*")


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
            assert modem.port.startswith("/dev/")
        """
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


def test_help_names_options_and_marker(pytester: pytest.Pytester) -> None:
    options = pytester.runpytest_subprocess("--help")
    options.stdout.fnmatch_lines(["*--m531x-port=PORT*", "*--m531x-model=MODEL*"])
    pytester.runpytest_subprocess("--markers").stdout.fnmatch_lines(["*pytest.mark.m531x(model*"])
