"""The header for LabVIEW says what the C header says, in words that its wizard takes."""

import re
import subprocess
from pathlib import Path

import pycparser
import pytest
from pycparser import c_ast

from header import HEADER

LABVIEW = Path(HEADER).with_name("m531x_labview.h")


def test_a_program_that_includes_both_compiles() -> None:
    # LabVIEW's word for the calling convention, which is the only one elsewhere.
    program = f'#include "{HEADER}"\n#define __cdecl\n#include "{LABVIEW}"\n'
    command = ["gcc", "-xc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-"]
    subprocess.run(command, input=program, text=True, check=True)


def test_a_program_with_a_wrong_declaration_does_not() -> None:
    wrong = LABVIEW.read_text().replace("int *granted_qos", "char *granted_qos", 1)
    program = f'#include "{HEADER}"\n#define __cdecl\n{wrong}'
    command = ["gcc", "-xc", "-std=c99", "-fsyntax-only", "-"]
    done = subprocess.run(command, input=program, text=True, capture_output=True, check=False)
    assert done.returncode != 0
    assert "conflicting types" in done.stderr


def test_it_needs_no_preprocessor_and_knows_no_enum_and_no_callback() -> None:
    text = LABVIEW.read_text()
    assert re.findall(r"^#.*", text, re.M) == ["#pragma once"]
    tree = pycparser.CParser().parse(
        re.sub(r"/\*.*?\*/", "", text.replace("__cdecl ", ""), flags=re.S)
    )
    functions = [node for node in tree.ext if isinstance(node, c_ast.Decl)]
    assert len(functions) > 40
    for function in functions:
        assert isinstance(function.type, c_ast.FuncDecl)
        assert function.name.startswith("m531x_")
    assert text.count("__cdecl m531x_") == len(functions)


@pytest.mark.parametrize("name", ["M531X_ERR_TIMEOUT -5", "M531X_EVENT_CONNECTED 1", "M531X_OK 0"])
def test_it_lists_the_numbers(name: str) -> None:
    assert f" * {name}\n" in LABVIEW.read_text()


def test_every_function_that_takes_no_callback_and_no_pointer_is_there() -> None:
    declared = re.findall(r"^[a-z].*?[ *](m531x_\w+)\(", Path(HEADER).read_text(), re.M)
    missing = {name for name in declared if f" {name}(" not in LABVIEW.read_text()}
    missing -= {name for name in missing if f"*__cdecl {name}(" in LABVIEW.read_text()}
    assert missing == {
        "m531x_event_fd",
        "m531x_set_event_callback",
        "m531x_set_log_callback",
        "m531x_set_message_callback",
        "m531x_set_user_data",
        "m531x_subscribe_callback",
        "m531x_user_data",
    }
