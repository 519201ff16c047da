"""The table of docs/c-api.md with each operation in Rust, C and Python is true and complete."""

import ast
import re

from header import HEADER, ROOT

HEADING = "## The same in Rust, C and Python"
PACKAGE = ROOT / "python" / "m531x"
# Classes whose members a program uses; those of asyncio have the same names.
PYTHON_CLASSES = ("Modem", "Subscription", "Delivery", "Pending", "Outbox", "VirtualModem")

# What only C needs: texts, versions, options, handles.
ONLY_IN_C = (
    r"_(error|last|version|abi|has_feature|set_u32|set_bytes|get|options|user_data|set_user)"
)
ONLY_IN_RUST = {
    "is_closed": "C's handle is stale then, and Python has a property",
    "inbox": "for front ends; what C and Python show of it is in the table",
    "start_and_wait": "for front ends, between two looks at the signals of Python",
    "start_nowait": "for front ends: publish_nowait with another result",
    "model": "C and Python report it with info",
    "ended": "C and Python report it as the error of every call",
    "recording": "C and Python need no second handle of a recording",
    "session_present": "Python returns it from connect; C has none",
    "set_max_waiting": "an option in C, an argument of Modem in Python",
    "set_recovery": "options in C, an argument of Modem in Python",
    "set_password": "the option of a password in C, a function as password in Python",
}
ONLY_IN_PYTHON = {
    "port": "what the program passed to Modem",
    "closed": "C's handle is stale then, and Rust has is_closed",
    "virtual_modem": "the module behind virtual://; Rust and C start it themselves",
    "live": "whether a Subscription still receives",
}


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


def python_exports() -> set[str]:
    """What `m531x.__all__` has, and the public modules."""
    for node in ast.parse((PACKAGE / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            modules = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("_")}
            return set(ast.literal_eval(node.value)) | modules
    raise AssertionError("m531x has no __all__")


def python_members(*classes: str) -> set[str]:
    """The public members of these classes, with those of their bases in the package."""
    trees = [ast.parse(path.read_text()) for path in sorted(PACKAGE.glob("*.py"))]
    defined = {
        node.name: node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)
    }
    found: set[str] = set()
    for name in classes:
        if name in defined:
            bases = [ast.unparse(base).split("[")[0] for base in defined[name].bases]
            found |= python_members(*bases)
            found |= {node.name for node in defined[name].body if isinstance(node, ast.FunctionDef)}
    return {name for name in found if not name.startswith("_")}


def rust_methods() -> set[str]:
    """The public methods of Rust's Modem."""
    blocks = re.findall(
        r"^impl Modem \{\n(.*?)^\}", sources("rust/core/src", ".rs"), re.DOTALL | re.MULTILINE
    )
    return set(re.findall(r"^    pub fn (\w+)", "\n".join(blocks), re.MULTILINE))


def test_every_name_of_the_table_exists() -> None:
    table = rows()
    assert len(table) > 40
    rust = sources("rust/core/src", ".rs") + sources("rust/virtual-modem/src", ".rs")
    python = python_exports() | python_members(*PYTHON_CLASSES)
    for operation, in_rust, in_c, in_python in table:
        assert missing(names(in_c), r"\b{name}(\(| = )", HEADER.read_text()) == set(), operation
        item = r"\b(fn|struct|mod|enum) {name}\b|at::{name}\b"
        assert missing(names(in_rust), item, rust) == set(), operation
        assert names(in_python) - python == set(), operation


def test_every_operation_of_c_is_in_the_table() -> None:
    listed = set().union(*(names(row[2]) for row in rows()))
    declared = set(re.findall(r"\b(m531x_[a-z0-9_]+)\(", HEADER.read_text()))
    left = {name for name in declared - listed if not re.search(ONLY_IN_C, name)}
    assert left <= {"m531x_virtual_modem_start_with", "m531x_virtual_modem_stop"}


def test_every_operation_of_rust_is_in_the_table() -> None:
    listed = set().union(*(names(row[1]) for row in rows()))
    methods = rust_methods()
    assert len(methods) > 40
    assert methods - listed == set(ONLY_IN_RUST)


def test_every_operation_of_python_is_in_the_table() -> None:
    listed = set().union(*(names(row[3]) for row in rows()))
    members = python_members("Modem", "Subscription")
    assert len(members) > 30
    assert members - listed == set(ONLY_IN_PYTHON)
