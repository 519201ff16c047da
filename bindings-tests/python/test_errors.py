"""Exceptions carry their number and are what a Python programmer already catches."""

import pickle

import pytest

import m531x
from m531x import _errors

BUILTIN_BASES = {
    "InvalidArgumentError": ValueError,
    "ModemTimeoutError": TimeoutError,
    "PublishError": TimeoutError,
    "PortError": OSError,
    "NotConnectedError": ConnectionError,
    "ConnectError": ConnectionError,
}


@pytest.mark.parametrize("name", _errors.__all__)
def test_every_error_name_is_exported(name: str) -> None:
    assert getattr(m531x, name) is getattr(_errors, name)


@pytest.mark.parametrize(("name", "base"), BUILTIN_BASES.items())
def test_errors_are_caught_as_the_builtin_they_resemble(name: str, base: type[Exception]) -> None:
    assert issubclass(getattr(m531x, name), base)


@pytest.mark.parametrize("code", list(m531x.ErrorCode))
def test_every_number_has_an_exception_with_its_code_and_text(code: m531x.ErrorCode) -> None:
    error = _errors.make_error(int(code), f"port 7: {code.text}")
    assert isinstance(error, m531x.M531xError)
    assert error.code is code
    assert code < 0
    assert str(error) == f"port 7: {code.text}"


def test_a_refused_command_carries_the_number_of_the_module() -> None:
    error = _errors.make_error(m531x.ErrorCode.COMMAND, "refused", modem_code=3)
    assert isinstance(error, m531x.CommandError)
    assert error.modem_code == 3


def test_a_refused_connection_carries_the_return_code_of_the_broker() -> None:
    error = _errors.make_error(m531x.ErrorCode.CONNECT, "refused", return_code=5)
    assert isinstance(error, m531x.ConnectError)
    assert (error.return_code, error.modem_code) == (5, None)


def test_an_unknown_number_is_an_internal_error_that_names_it() -> None:
    error = _errors.make_error(-9999, "what is this")
    assert isinstance(error, m531x.InternalError)
    assert "-9999" in str(error)


def test_an_exception_survives_pickling() -> None:
    error = _errors.make_error(m531x.ErrorCode.PORT_IN_USE, "port in use", modem_code=7)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.code, again.modem_code) == ("port in use", error.code, 7)


def test_an_exception_without_a_message_says_what_its_class_means() -> None:
    assert str(m531x.ClosedError()) == m531x.ErrorCode.CLOSED.text
