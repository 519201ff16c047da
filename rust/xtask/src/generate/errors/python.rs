//! `python/m531x/_errors.py`: the `IntEnum` and the exception classes.

use std::fmt::Write as _;

use crate::generate::MARK;
use crate::table::ApiTable;
use crate::table::errors::{ExceptionClass, ROOT_CLASS};

/// The one class that carries more than the others: the CONNACK return code (MQTT 3.1.1, table 3.1).
const CONNECT_CLASS: &str = "ConnectError";
/// The class for an argument of a wrong type, which no number of the table stands for.
const ARGUMENT_TYPE_CLASS: &str = "ArgumentTypeError";

pub(in crate::generate) fn render(table: &ApiTable) -> String {
    let mut text = format!("# {MARK}\n");
    text.push_str(
        "\"\"\"The errors of m531x: their numbers and their exception classes.\"\"\"

from __future__ import annotations

import enum
from typing import Final

",
    );
    names(&mut text, table);
    error_code(&mut text, table);
    for class in &table.classes {
        text.push_str("\n\n");
        if class.name == ROOT_CLASS {
            root_class(&mut text, class);
        } else {
            heir(&mut text, table, class);
        }
    }
    argument_type(&mut text);
    lookup(&mut text, table);
    text
}

fn names(text: &mut String, table: &ApiTable) {
    let mut names: Vec<&str> = table
        .classes
        .iter()
        .map(|class| class.name.as_str())
        .collect();
    names.push("ErrorCode");
    names.push(ARGUMENT_TYPE_CLASS);
    names.sort_unstable();
    text.push_str("__all__ = [\n");
    for name in names {
        let _ = writeln!(text, "    \"{name}\",");
    }
    text.push_str("]\n\n\n");
}

fn error_code(text: &mut String, table: &ApiTable) {
    text.push_str(
        "class ErrorCode(enum.IntEnum):
    \"\"\"What went wrong, as a number that never changes its meaning (the C status).\"\"\"

",
    );
    for entry in &table.errors {
        let _ = writeln!(text, "    {} = {}", entry.python_constant(), entry.number);
    }
    text.push_str(
        "
    @property
    def text(self) -> str:
        \"\"\"One sentence: what is wrong and what to do.\"\"\"
        return _TEXTS[self]


_TEXTS: Final[dict[ErrorCode, str]] = {
",
    );
    for entry in &table.errors {
        let constant = entry.python_constant();
        let line = format!("    ErrorCode.{constant}: \"{}\",\n", entry.text);
        // As ruff lays out a value that does not fit.
        if line.len() > 101 {
            let _ = write!(
                text,
                "    ErrorCode.{constant}: (\n        \"{}\"\n    ),\n",
                entry.text
            );
        } else {
            text.push_str(&line);
        }
    }
    text.push_str("}\n");
}

fn root_class(text: &mut String, class: &ExceptionClass) {
    let _ = write!(
        text,
        "class {}({}):
    \"\"\"{}

    Attributes:
        code: The error, the same number as in C and Rust.
        modem_code: The module's ``+CME ERROR`` number, or None where it gave none.

    Examples:
        >>> import m531x
        >>> with m531x.Modem(\"virtual://\") as modem:
        ...     try:
        ...         modem.publish(\"meter/17/count\", \"42\")
        ...     except m531x.M531xError as error:
        ...         print(type(error).__name__, error.code.name)
        NotConnectedError NOT_CONNECTED
    \"\"\"

    code: ErrorCode = ErrorCode.INTERNAL
    modem_code: int | None = None

    def __init__(
        self,
        message: str = \"\",
        *,
        code: ErrorCode | None = None,
        modem_code: int | None = None,
    ) -> None:
        if code is not None:
            self.code = code
        self.modem_code = modem_code
        super().__init__(message or self.code.text)
",
        class.name,
        class.bases.join(", "),
        class.doc
    );
}

fn heir(text: &mut String, table: &ApiTable, class: &ExceptionClass) {
    let name = &class.name;
    let _ = writeln!(text, "class {name}({}):", class.bases.join(", "));
    // ApiTable::parse refuses a class that no error raises.
    let Some(first) = table.raised_as(name).next() else {
        return;
    };
    if name == CONNECT_CLASS {
        let _ = write!(
            text,
            "    \"\"\"{}

    Attributes:
        return_code: The CONNACK return code of MQTT 3.1.1 (1 to 5), or None.
    \"\"\"

    code = ErrorCode.{}
    return_code: int | None = None

    def __init__(
        self,
        message: str = \"\",
        *,
        code: ErrorCode | None = None,
        modem_code: int | None = None,
        return_code: int | None = None,
    ) -> None:
        super().__init__(message, code=code, modem_code=modem_code)
        self.return_code = return_code
",
            class.doc,
            first.python_constant()
        );
    } else {
        let _ = write!(
            text,
            "    \"\"\"{}\"\"\"\n\n    code = ErrorCode.{}\n",
            class.doc,
            first.python_constant()
        );
    }
}

fn argument_type(text: &mut String) {
    let _ = write!(
        text,
        "

class {ARGUMENT_TYPE_CLASS}(InvalidArgumentError, TypeError):
    \"\"\"An argument was of a wrong type; the text names it and says what to give.\"\"\"
"
    );
}

fn lookup(text: &mut String, table: &ApiTable) {
    text.push_str("\n\n_CLASSES: Final[dict[ErrorCode, type[M531xError]]] = {\n");
    for entry in &table.errors {
        let _ = writeln!(
            text,
            "    ErrorCode.{}: {},",
            entry.python_constant(),
            entry.python
        );
    }
    text.push_str(
        "}


def make_error(
    number: int,
    message: str,
    modem_code: int | None = None,
    return_code: int | None = None,
) -> M531xError:
    \"\"\"The exception for an error that the native module reports.

    Args:
        number: The number of the error; one that is not known becomes an InternalError.
        message: The whole text, one line.
        modem_code: The module's +CME ERROR number, if it gave one.
        return_code: The CONNACK return code, if the broker gave one.
    \"\"\"
    try:
        code = ErrorCode(number)
    except ValueError:
        return InternalError(f\"unknown error {number}: {message}\")
    if code is ErrorCode.CONNECT:
        return ConnectError(message, code=code, modem_code=modem_code, return_code=return_code)
    return _CLASSES[code](message, code=code, modem_code=modem_code)
",
    );
}
