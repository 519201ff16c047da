"""Passwords that expire, and therefore come from a function."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, cast

from m531x._callbacks import check_callback
from m531x._errors import ArgumentTypeError, ConnectError, InvalidArgumentError
from m531x._secret import Hidden

__all__ = ["Logins", "ask_awaiting", "checked", "failed", "parts", "why"]

F = TypeVar("F", bound=Callable[..., object])

# "Bad user name or password" and "not authorised" (MQTT 3.1.1, table 3.1).
_LOGIN_REFUSED: Final = (4, 5)


def parts(
    password: str | F | None, *, awaited: bool = False
) -> tuple[Hidden[str | None], F | None]:
    """The password, or the function that returns it; the other is None.

    Raises:
        InvalidArgumentError: The function takes arguments, or is a coroutine function and
            `awaited` is false.
    """
    if password is None or isinstance(password, str) or not callable(password):
        # The native module refuses anything else, and names the argument.
        return Hidden(password), None
    check_callback("password", password, awaited=awaited)
    return Hidden(None), password


def checked(password: Hidden[object]) -> Hidden[str]:
    """The return value of the function, which must be a text.

    Raises:
        ArgumentTypeError: It is not a text.
    """
    value = password.reveal()
    if not isinstance(value, str):
        raise ArgumentTypeError(
            f"the password function returned {type(value).__name__}: return a str"
        )
    return Hidden(value)


async def ask_awaiting(function: Callable[[], object]) -> Hidden[str]:
    """Calls the function, and awaits its result if need be.

    Raises:
        ArgumentTypeError: It is not a text.
    """
    password: Hidden[object] = Hidden(function())
    if inspect.isawaitable(password.reveal()):
        password = Hidden(await cast("Awaitable[object]", password.reveal()))
    return checked(password)


def why(error: BaseException) -> str:
    """The report of the function's exception, without its text, which may hold a secret."""
    return f"the password function raised {type(error).__name__}"


def failed(error: Exception) -> ConnectError:
    """The error of a connect whose password function raised this one."""
    return ConnectError(f"not connected: {why(error)}")


class Logins:
    """The attempts of one connect: with a password function, a refused password is asked for anew.

    Attributes:
        left: Seconds that the next attempt may take; None is the default.
    """

    def __init__(
        self,
        username: str | None,
        password: Hidden[str | None],
        function: object,
        timeout: float | None,
    ) -> None:
        """Two attempts with a function, one without; the time counts from now.

        Raises:
            InvalidArgumentError: There is a password alone, which the module cannot send.
        """
        if username is None and (function is not None or password.reveal() is not None):
            raise InvalidArgumentError("password is given without username: give both, or neither")
        self.left = timeout
        self._timeout = timeout
        self._begun = time.monotonic()
        self._again = function is not None

    def again(self, error: ConnectError) -> bool:
        """Whether another attempt follows this failure."""
        again = self._again and error.return_code in _LOGIN_REFUSED
        self._again = False
        if self._timeout is not None:
            self.left = max(0.0, self._timeout - (time.monotonic() - self._begun))
        return again
