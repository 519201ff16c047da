"""M531x.cs declares what the C header declares, with its calling convention."""

import re
from pathlib import Path

from header import HEADER

LABVIEW = Path(HEADER).with_name("m531x_labview.h")
SOURCE = (Path(HEADER).parents[1] / "examples" / "csharp" / "M531x.cs").read_text()

EXTERN = re.compile(
    r"(\[DllImport\(([^]]*)\)\]\s+)?public static extern (\w+) (m531x_\w+)\(([^)]*)\);"
)

# A byte array is passed as a pointer to its first byte; `out` as one to the variable.
IN_C_SHARP = {
    "int": "int",
    "unsigned int": "uint",
    "unsigned short": "ushort",
    "int *": "out int",
    "unsigned int *": "out uint",
    "const char *": "byte[]",
    "char *": "byte[]",
    "const unsigned char *": "byte[]",
    "unsigned char *": "byte[]",
}
RETURNED_IN_C_SHARP = {"int": "int", "unsigned int": "uint", "const char *": "IntPtr"}


def parameter(text: str) -> list[str]:
    """Type and name of a C parameter."""
    found = re.fullmatch(r"(.*?)(\w+)", text)
    assert found is not None, text
    kind, name = found.groups()
    return [IN_C_SHARP[kind.strip()], name]


def declared() -> dict[str, tuple[str, list[list[str]]]]:
    """The result and the parameters of each function of the header, in C#."""
    found = re.findall(r"^(.*?)__cdecl (m531x_\w+)\((.*)\);$", LABVIEW.read_text(), re.M)
    return {
        name: (
            RETURNED_IN_C_SHARP[result.strip()],
            [parameter(one) for one in inside.split(", ") if one != "void"],
        )
        for result, name, inside in found
    }


def test_each_declaration_is_that_of_the_header() -> None:
    functions = declared()
    used = EXTERN.findall(SOURCE)
    assert len(used) == SOURCE.count(" extern ") > 10
    for _, _, result, name, inside in used:
        parameters = [one.rsplit(" ", 1) for one in re.split(r",\s*", inside.strip()) if one]
        assert (result, parameters) == functions[name], name


def test_each_declaration_has_the_calling_convention_of_c() -> None:
    # That of .NET on Windows is another one; where mono runs the tests there is only one.
    assert "const CallingConvention C = CallingConvention.Cdecl;" in SOURCE
    for _, options, _, name, _ in EXTERN.findall(SOURCE):
        assert options == "Library, CallingConvention = C", name


def test_each_constant_has_the_number_of_the_header() -> None:
    in_c = {
        "Username": "OPTION_USERNAME",
        "Password": "OPTION_PASSWORD",
        "KeepAlive": "OPTION_KEEPALIVE_S",
        "Recovery": "OPTION_RECOVERY",
        "Outbox": "OPTION_OUTBOX",
        "TooSmall": "ERR_BUFFER_TOO_SMALL",
        "Closed": "ERR_CLOSED",
        "StaleHandle": "ERR_STALE_HANDLE",
        "TimedOut": "ERR_TIMEOUT",
        "Cancelled": "ERR_CANCELLED",
    }
    numbers = dict(re.findall(r"^ +M531X_(\w+) = (-?\d+),$", Path(HEADER).read_text(), re.M))
    lines = re.findall(r"\bconst int ([^;]*);", SOURCE)
    used = {name: number for line in lines for name, number in re.findall(r"(\w+) = (-?\d+)", line)}
    assert used == {name: numbers[constant] for name, constant in in_c.items()}
