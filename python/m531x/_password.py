"""A password that is a function, because it expires."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, cast

from m531x._callbacks import check_callback
from m531x._errors import ArgumentTypeError, ConnectError
from m531x._secret import Hidden

__all__ = ["Logins", "ask_awaiting", "checked", "failed", "parts", "why"]

F = TypeVar("F", bound=Callable[..., object])

# "Bad user name or password" and "not authorised" (MQTT 3.1.1, table 3.1).
_LOGIN_REFUSED: Final = (4, 5)


def parts(
    password: str | F | None, *, awaited: bool = False
) -> tuple[Hidden[str | None], F | None]:
    """The password as it is, and the function that gives it; one of them is None.

    Raises:
        InvalidArgumentError: The function takes arguments, or is a coroutine function that nobody
            would await.
    """
    if password is None or isinstance(password, str) or not callable(password):
        # What is neither is refused by the native module, with the name of the argument.
        return Hidden(password), None
    check_callback("password", password, awaited=awaited)
    return Hidden(None), password


def checked(password: Hidden[object]) -> Hidden[str]:
    """What the function gave, which must be a text.

    Raises:
        ArgumentTypeError: It is none.
    """
    value = password.reveal()
    if not isinstance(value, str):
        raise ArgumentTypeError(f"the password function gave {type(value).__name__}: give a str")
    return Hidden(value)


async def ask_awaiting(function: Callable[[], object]) -> Hidden[str]:
    """What the function gives, which may have to be awaited.

    Raises:
        ArgumentTypeError: It is not a text.
    """
    password: Hidden[object] = Hidden(function())
    if inspect.isawaitable(password.reveal()):
        password = Hidden(await cast("Awaitable[object]", password.reveal()))
    return checked(password)


def why(error: BaseException) -> str:
    """What is told of an exception of the function; its text may hold anything, so that is not."""
    return f"the password function raised {type(error).__name__}"


def failed(error: Exception) -> ConnectError:
    """The error of a connect whose password function raised this one."""
    return ConnectError(f"not connected: {why(error)}")


class Logins:
    """The one or two tries of a connect: a refused password that is a function's is asked for anew.

    Attributes:
        left: Seconds that the next try may take; None is the default.
    """

    def __init__(self, function: object, timeout: float | None) -> None:
        """Two tries with a function, one without; the time counts from now."""
        self.left = timeout
        self._timeout = timeout
        self._begun = time.monotonic()
        self._again = function is not None

    def again(self, error: ConnectError) -> bool:
        """Whether there is another try after this failure."""
        again = self._again and error.return_code in _LOGIN_REFUSED
        self._again = False
        if self._timeout is not None:
            self.left = max(0.0, self._timeout - (time.monotonic() - self._begun))
        return again
