"""`make install` into a folder of its own, and programs that find the library there as usual."""

import os
import subprocess
from pathlib import Path

import pytest

from header import ROOT

# The library is built first, and linked into one object.
pytestmark = pytest.mark.timeout(600)

PROGRAM = ROOT / "examples" / "c" / "publish.c"
CMAKE = """
cmake_minimum_required(VERSION 3.10)
project(program C)
find_package(m531x 0.1 REQUIRED)
add_executable(shared {source})
target_link_libraries(shared m531x::m531x)
add_executable(static {source})
target_link_libraries(static m531x::m531x_static)
"""


def make(target: str, **variables: str) -> None:
    command = [
        "make",
        "--silent",
        target,
        *(f"{name}={value}" for name, value in variables.items()),
    ]
    subprocess.run(command, cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prefix")
    make("install", PREFIX=str(folder), PROFILE="dev")
    return folder


def run(command: list[str | Path], prefix: Path) -> str:
    environment = {
        **os.environ,
        "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig"),
        "LD_LIBRARY_PATH": str(prefix / "lib"),
        "CMAKE_PREFIX_PATH": str(prefix),
    }
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return result.stdout


def published(program: Path, prefix: Path) -> bool:
    return "acknowledged" in run([program], prefix)


def needed(program: Path) -> str:
    return subprocess.run(
        ["objdump", "-p", program], check=True, capture_output=True, text=True
    ).stdout


def test_a_program_finds_the_shared_library_by_pkg_config(prefix: Path, tmp_path: Path) -> None:
    flags = run(["pkg-config", "--cflags", "--libs", "m531x"], prefix).split()
    program = tmp_path / "program"
    run(["cc", PROGRAM, *flags, "-o", program], prefix)
    assert published(program, prefix)
    assert "NEEDED               libm531x.so.0\n" in needed(program)


def test_a_program_links_all_statically_by_pkg_config(prefix: Path, tmp_path: Path) -> None:
    flags = run(["pkg-config", "--static", "--cflags", "--libs", "m531x"], prefix).split()
    program = tmp_path / "program"
    run(["cc", "-static", "-Wl,--no-warnings", PROGRAM, *flags, "-o", program], prefix)
    assert published(program, prefix)
    assert "NEEDED" not in needed(program)


def test_a_program_links_this_library_statically_and_the_others_not(
    prefix: Path, tmp_path: Path
) -> None:
    flags = run(["pkg-config", "--static", "--cflags", "--libs", "m531x"], prefix)
    program = tmp_path / "program"
    choice = flags.replace("-lm531x", "-l:libm531x.a").split()
    run(["cc", PROGRAM, *choice, "-o", program], prefix)
    assert published(program, prefix)
    assert "libm531x" not in needed(program)


# Every call of it by our library would end the program.
OWN_SQLITE = """
#include <stdio.h>
#include <stdlib.h>
#include "m531x.h"

int sqlite3_open_v2(const char *file, void **db, int flags, const char *vfs)
{
    (void)file, (void)db, (void)flags, (void)vfs;
    abort();
}
const char *sqlite3_libversion(void) { return "mine"; }
void rust_eh_personality(void) { abort(); }

int main(int argc, char **argv)
{
    m531x_modem modem;
    if (argc != 2 || m531x_open("virtual://", 0, "M5311", -1, &modem) != M531X_OK)
        return 1;
    if (m531x_set_string(modem, M531X_OPTION_OUTBOX, argv[1]) != M531X_OK)
        return 2;
    if (m531x_connect(modem, "broker.example", 1883, "c", -1) != M531X_OK)
        return 3;
    if (m531x_publish(modem, "t", (const uint8_t *)"x", 1, 1, 0, -1) != M531X_OK)
        return 4;
    puts(sqlite3_libversion());
    return m531x_close(modem) != M531X_OK;
}
"""


def test_a_program_keeps_its_own_sqlite_beside_the_static_library(
    prefix: Path, tmp_path: Path
) -> None:
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text(OWN_SQLITE)
    flags = run(["pkg-config", "--static", "--cflags", "--libs", "m531x"], prefix)
    run(["cc", source, *flags.replace("-lm531x", "-l:libm531x.a").split(), "-o", program], prefix)
    assert run([program, tmp_path / "outbox.db"], prefix) == "mine\n"


def test_the_static_library_has_no_global_names_but_ours(prefix: Path) -> None:
    command = ["nm", "--defined-only", "--extern-only", "--format=posix"]
    listing = run([*command, prefix / "lib" / "libm531x.a"], prefix)
    names = [line.split()[0] for line in listing.splitlines() if " " in line]
    assert len(names) > 29
    assert [name for name in names if not name.startswith("m531x_")] == []


def test_checkers_of_threads_report_nothing_with_the_installed_suppressions(
    prefix: Path, tmp_path: Path
) -> None:
    examples = prefix / "share" / "doc" / "m531x" / "examples"
    flags = run(["pkg-config", "--cflags", "--libs", "m531x"], prefix).split()
    program = tmp_path / "program"
    run(["cc", "-g", "-fsanitize=thread", examples / "publish.c", *flags, "-o", program], prefix)
    sanitizer = ["env", f"TSAN_OPTIONS=suppressions={examples / 'm531x.tsan'}"]
    assert "acknowledged" in run([*sanitizer, program], prefix)
    run(["cc", "-g", examples / "publish.c", *flags, "-o", program], prefix)
    helgrind = ["valgrind", "--quiet", "--tool=helgrind", "--error-exitcode=9"]
    helgrind.append(f"--suppressions={examples / 'm531x.supp'}")
    assert "acknowledged" in run([*helgrind, program], prefix)


def test_a_program_finds_both_libraries_by_cmake(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(CMAKE.format(source=PROGRAM))
    run(["cmake", "-S", tmp_path, "-B", tmp_path / "build"], prefix)
    run(["cmake", "--build", tmp_path / "build"], prefix)
    for program in ("shared", "static"):
        assert published(tmp_path / "build" / program, prefix)


def test_cmake_refuses_a_version_that_is_not_compatible(prefix: Path, tmp_path: Path) -> None:
    lists = CMAKE.format(source=PROGRAM).replace("m531x 0.1", "m531x 9.9")
    (tmp_path / "CMakeLists.txt").write_text(lists)
    with pytest.raises(subprocess.CalledProcessError):
        run(["cmake", "-S", tmp_path, "-B", tmp_path / "build"], prefix)


def test_a_destination_of_a_package_is_no_part_of_the_paths(tmp_path: Path) -> None:
    make("install", DESTDIR=str(tmp_path), PREFIX="/usr", LIBDIR="/usr/lib/cpu", PROFILE="dev")
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".a"]
    assert (tmp_path / "usr/lib/cpu/libm531x.so.0").is_symlink()
    documents = tmp_path / "usr/share/doc/m531x"
    assert "ring 0.17" in (documents / "THIRD-PARTY.md").read_text()
    assert (documents / "LICENSE-MIT").is_file()
    share = tmp_path / "usr/share"
    assert "repeat" in (share / "man/man1/m531x-pub.1").read_text()
    for completion in (
        "bash-completion/completions/m531x",
        "zsh/site-functions/_m531x",
        "fish/vendor_completions.d/m531x.fish",
    ):
        assert "virtual-modem" in (share / completion).read_text()
    assert (tmp_path / "usr/bin/m531x").is_file()
    for file in files:
        if file.suffix in (".pc", ".cmake", ".h"):
            assert str(tmp_path) not in file.read_text()
    make("uninstall", DESTDIR=str(tmp_path), PREFIX="/usr", LIBDIR="/usr/lib/cpu")
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []
