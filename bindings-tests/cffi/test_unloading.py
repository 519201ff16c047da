"""What `dlclose` does to the library, whose threads may still run."""

import subprocess
from pathlib import Path

from header import HEADER, library

PROGRAM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include "m531x.h"

int main(int argc, char **argv)
{
    void *library = dlopen(argv[argc - 1], RTLD_NOW);
    if (library == NULL || dlclose(library) != 0)
        return 1;
    return dlopen(argv[argc - 1], RTLD_NOW | RTLD_NOLOAD) == NULL;
}
"""


def test_the_library_stays_loaded(tmp_path: Path) -> None:
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text(PROGRAM)
    command = ["cc", f"-I{HEADER.parent}", str(source), "-ldl", "-o", str(program)]
    subprocess.run(command, check=True)
    assert subprocess.run([program, library()], check=False).returncode == 0
