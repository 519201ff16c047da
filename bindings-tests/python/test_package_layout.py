"""The modules of the package: which are public, and that their imports go one way."""

from __future__ import annotations

import ast
from pathlib import Path

import m531x

PACKAGE = Path(m531x.__file__).parent
PUBLIC = {
    "m531x",
    "m531x.aio",
    "m531x.clouds",
    "m531x.doctor",
    "m531x.labgrid",
    "m531x.paho",
    "m531x.plot",
    "m531x.pytest_plugin",  # an entry point of pytest
    "m531x.recording",
}


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {_name(path): path for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyi")]}


def _imports(path: Path) -> set[str]:
    """The modules of the package that a module imports, those for type checkers only included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                found.add(module if module in MODULES else node.module)
    return found & set(MODULES)


def _reached(start: str, imports: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    ahead = list(imports[start])
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += imports[name]
    return reached


def test_everything_but_the_documented_modules_is_private() -> None:
    public = {name for name in MODULES if "._" not in name}
    assert public == PUBLIC


def test_no_modules_import_each_other_in_a_circle() -> None:
    imports = {name: _imports(path) for name, path in MODULES.items()}
    assert [name for name in imports if name in _reached(name, imports)] == []
