"""Compares the ABI of the header with the last release's: check.py [--accept].

The header becomes a library of empty functions with debug information, from which libabigail reads
types and constants. Nothing of Rust is in it, so the comparison shows what a C program depends on
and no more.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from pycparser import CParser, c_ast, c_generator

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cffi"))

from header import HEADER, preprocessed  # noqa: E402
from test_header import STDINT  # noqa: E402

BASELINE = HERE / "m531x.abi"


def stub(folder: Path) -> Path:
    """The library of empty functions; a variable for each enum, as no signature names one."""
    lines = [f'#include "{HEADER}"']
    generator = c_generator.CGenerator()
    for node in CParser().parse(STDINT + preprocessed(folder)).ext:
        if isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl):
            lines.append(f"{generator.visit(node)} {{ return 0; }}")
        elif isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.Enum):
            lines.append(f"enum {node.type.name} m531x_abi_{node.type.name};")
    source, library = folder / "stub.c", folder / "libm531x.so.0"
    source.write_text("\n".join(lines) + "\n")
    # The baseline must not depend on where it was made.
    paths = [f"-ffile-prefix-map={folder}=.", f"-ffile-prefix-map={HEADER.parent}=include"]
    command = ["cc", "-g", *paths, "-shared", "-fPIC", "-Wl,-soname,libm531x.so.0"]
    command += [str(source), "-o", str(library)]
    subprocess.run(command, check=True)
    return library


def main() -> int:
    """Compares, or makes today's ABI the one to compare with."""
    with tempfile.TemporaryDirectory() as name:
        library = stub(Path(name))
        if sys.argv[1:] == ["--accept"]:
            options = ["--no-show-locs", "--no-comp-dir-path", "--no-corpus-path"]
            command = ["abidw", *options, "--out-file", BASELINE, library]
            return subprocess.run(command, check=True).returncode
        # What is new breaks no program that was compiled before.
        status = subprocess.run(["abidiff", "--no-added-syms", BASELINE, library]).returncode
    if status != 0:
        print("0 passed, 1 failed: the ABI is not that of the last release")
        return 1
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
