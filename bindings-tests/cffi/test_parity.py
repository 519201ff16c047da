"""The table of docs/c-api.md with each operation in Rust, C and Python names what there is."""

import re

from header import HEADER, ROOT

HEADING = "## The same in Rust, C and Python"


def sources(folder: str, *suffixes: str) -> str:
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    return "\n".join(path.read_text() for path in sorted(files))


def rows() -> list[list[str]]:
    text = (ROOT / "docs" / "c-api.md").read_text().split(HEADING)[1].split("## Options")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [line.strip("| ").split(" | ") for line in lines[1:]]


def names(cell: str) -> set[str]:
    return {name.split("::")[-1].split(".")[-1] for name in re.findall(r"`([^`]+)`", cell)}


def missing(found: set[str], pattern: str, text: str) -> set[str]:
    return {name for name in found if not re.search(pattern.format(name=name), text)}


def test_every_name_of_the_table_exists() -> None:
    table = rows()
    assert len(table) > 30
    rust = sources("rust/core/src", ".rs") + sources("rust/virtual-modem/src", ".rs")
    python = sources("python/m531x", ".py", ".pyi")
    for operation, in_rust, in_c, in_python in table:
        assert missing(names(in_c), r"\b{name}\(", HEADER.read_text()) == set(), operation
        item = r"\b(fn|struct|mod|enum) {name}\b|at::{name}\b"
        assert missing(names(in_rust), item, rust) == set(), operation
        assert missing(names(in_python), r"\b(def|class) {name}\b", python) == set(), operation


def test_every_operation_of_c_is_in_the_table() -> None:
    listed = set().union(*(names(row[2]) for row in rows()))
    declared = set(re.findall(r"\b(m531x_[a-z0-9_]+)\(", HEADER.read_text()))
    # What only C needs: texts, versions, options, handles.
    own = r"_(error|last|version|abi|has_feature|set_u32|set_bytes|get|options|user_data|set_user)"
    left = {name for name in declared - listed if not re.search(own, name)}
    assert left <= {"m531x_virtual_modem_start_with", "m531x_virtual_modem_stop"}
