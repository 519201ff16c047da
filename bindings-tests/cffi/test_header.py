"""Compilers and parsers take the header, and it keeps the rules of its border."""

import re
import subprocess
from pathlib import Path

import cffi
import pycparser
import pytest
from pycparser import c_ast

from header import HEADER, library, preprocessed

BORDER = {
    *("int32_t", "uint32_t", "uint16_t", "uint8_t", "char", "void"),
    *("m531x_status", "m531x_modem"),
    *("m531x_message_callback", "m531x_event_callback", "m531x_log_callback", "m531x_finalizer"),
}
STDINT = "".join(
    f"typedef {base} {name};\n"
    for name, base in {
        "int32_t": "int",
        "uint32_t": "unsigned",
        "uint16_t": "unsigned short",
        "uint8_t": "unsigned char",
    }.items()
)


def functions(tmp_path: Path) -> list[c_ast.Decl]:
    tree = pycparser.CParser().parse(STDINT + preprocessed(tmp_path))
    return [
        node
        for node in tree.ext
        if isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl)
    ]


@pytest.mark.parametrize(
    "compiler",
    [
        ["gcc", "-xc", "-std=c90", "-pedantic-errors"],
        ["gcc", "-xc", "-std=c99", "-Wpedantic"],
        ["gcc", "-xc", "-std=c11", "-Wpedantic", "-Wstrict-prototypes"],
        ["g++", "-xc++", "-std=c++98", "-pedantic-errors"],
        ["g++", "-xc++", "-std=c++11", "-Wpedantic"],
        ["g++", "-xc++", "-std=c++20", "-Wpedantic"],
    ],
    ids=["c90", "c99", "c11", "c++98", "c++11", "c++20"],
)
def test_compilers_take_it_with_all_warnings(compiler: list[str]) -> None:
    program = f'#include "{HEADER}"\nint f(void);\nint f(void) {{ return m531x_close(0); }}\n'
    command = [*compiler, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-"]
    subprocess.run(command, input=program, text=True, check=True)


OLD_PROGRAM = f"""
#include "{HEADER}"
int main(void)
{{
    static const uint8_t reading[] = {{'2', '1'}};
    m531x_modem modem;
    if (m531x_open("virtual://", 0, NULL, 30000, &modem) != M531X_OK)
        return 1;
    if (m531x_connect(modem, "broker.example", 1883, "old", 30000) != M531X_OK)
        return 2;
    if (m531x_publish(modem, "meters/17", reading, 2, 1, 0, 30000) != M531X_OK)
        return 3;
    return m531x_close(modem) != M531X_OK;
}}
"""


@pytest.mark.parametrize(
    "compiler", [["gcc", "-xc", "-std=c90"], ["g++", "-xc++", "-std=c++98"]], ids=["c90", "c++98"]
)
def test_a_program_of_an_old_standard_links_with_it_and_publishes(
    compiler: list[str], tmp_path: Path
) -> None:
    binary = tmp_path / "program"
    warnings = ["-pedantic-errors", "-Wall", "-Wextra", "-Werror"]
    program = f"#include <stddef.h>\n{OLD_PROGRAM}"
    command = [*compiler, *warnings, "-", "-xnone", library(), "-o", str(binary)]
    subprocess.run(command, input=program, text=True, check=True)
    (tmp_path / "libm531x.so.0").symlink_to(library())
    environment = {"LD_LIBRARY_PATH": str(tmp_path)}
    subprocess.run([binary], check=True, timeout=120, env=environment)


def test_a_cpp_program_links_with_it(tmp_path: Path) -> None:
    program = (
        f'#include "{HEADER}"\nint main() {{ return m531x_abi_version() != M531X_ABI_VERSION; }}\n'
    )
    binary = tmp_path / "program"
    command = ["g++", "-xc++", "-", "-xnone", library(), "-o", str(binary)]
    subprocess.run(command, input=program, text=True, check=True)
    (tmp_path / "libm531x.so.0").symlink_to(library())
    subprocess.run([binary], check=True, env={"LD_LIBRARY_PATH": str(tmp_path)})


def test_cffi_takes_it_as_it_is(tmp_path: Path) -> None:
    ffi = cffi.FFI()
    ffi.cdef(preprocessed(tmp_path))
    api = ffi.dlopen(library())
    assert ffi.string(api.m531x_error_name(api.M531X_ERR_TIMEOUT)) == b"M531X_ERR_TIMEOUT"


def test_only_plain_types_cross_the_border(tmp_path: Path) -> None:
    found = functions(tmp_path)
    assert len(found) >= 29
    for function in found:
        arguments = function.type.args.params if function.type.args else []
        for declaration in [function.type, *arguments]:
            kind = declaration.type
            stars = 0
            while isinstance(kind, c_ast.PtrDecl):
                kind = kind.type
                stars += 1
            assert stars <= 1, f"{function.name} has a pointer to a pointer"
            assert isinstance(kind, c_ast.TypeDecl), function.name
            assert isinstance(kind.type, c_ast.IdentifierType), function.name
            assert set(kind.type.names) <= BORDER, f"{function.name}: {kind.type.names}"


def test_the_library_exports_what_the_header_declares_and_nothing_else(tmp_path: Path) -> None:
    command = ["nm", "--dynamic", "--defined-only", "--format=posix", library()]
    symbols = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    exported = {line.split()[0] for line in symbols.splitlines()}
    assert exported == {function.name for function in functions(tmp_path)}


def test_every_name_has_the_prefix() -> None:
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    defined = re.findall(r"^#define (\w+)|^ +(M\w+) = |\b(m\w+)\(", text, flags=re.MULTILINE)
    names = {name for found in defined for name in found if name}
    assert len(names) > 80
    assert all(name.lower().startswith("m531x_") for name in names)
