"""M531x.cs declares what the C header declares, with the calling convention of 32 bits."""

import re
from pathlib import Path

from header import HEADER, ROOT

SOURCE = (ROOT / "examples" / "csharp" / "M531x.cs").read_text()


def parameters(declaration: str) -> list[str]:
    """The names of the parameters between the parentheses."""
    names = (part.strip().rpartition(" ")[2].lstrip("*") for part in declaration.split(","))
    return [name for name in names if name not in ("", "void")]


def test_every_function_names_the_calling_convention() -> None:
    assert "const CallingConvention C = CallingConvention.Cdecl;" in SOURCE
    attributes = re.findall(r"\[DllImport\((.*?)\)\]", SOURCE)
    assert attributes == ["Library, CallingConvention = C"] * SOURCE.count("extern ")
    assert attributes


def test_every_function_has_the_parameters_of_the_header() -> None:
    header = Path(HEADER).read_text()
    declared = re.findall(r"^[a-z].*?[ *](m531x_\w+)\(([^()]*)\);", header, re.M)
    in_c = {name: parameters(inside) for name, inside in declared}
    in_csharp = re.findall(r"extern \w+ (m531x_\w+)\(([^()]*)\);", SOURCE)
    assert len(in_csharp) == SOURCE.count("extern ")
    for name, inside in in_csharp:
        assert parameters(inside) == in_c[name], name
