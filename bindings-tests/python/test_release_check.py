"""`make check-release` finds places that disagree; the whole repository agrees with itself."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("Cargo.toml", "rust/capi/Cargo.toml", "CHANGELOG.md", "pyproject.toml", "CITATION.cff")


def _load() -> ModuleType:
    path = ROOT / "packaging/python/check_release.py"
    spec = importlib.util.spec_from_file_location("check_release", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check_release = _load()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that name version and repository."""
    for name in FILES:
        if (ROOT / name).exists():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_versions_and_addresses_agree() -> None:
    assert check_release.version_problems(ROOT) == []
    assert check_release.repository_problems(ROOT) == []


def test_a_version_that_only_the_workspace_has_is_found(copy: Path) -> None:
    _change(copy / "Cargo.toml", 'version = "0.1.0"', 'version = "0.1.1"')
    problems = check_release.version_problems(copy)
    assert "Cargo.toml: m531x-at is wanted in version 0.1.0, not 0.1.1" in problems
    assert any(problem.startswith("rust/capi/Cargo.toml: ") for problem in problems)
    assert any(problem.startswith("CHANGELOG.md: ") for problem in problems)


def test_a_release_in_the_changelog_counts(copy: Path) -> None:
    _change(copy / "CHANGELOG.md", "To become 0.1.0", "To become 0.2.0")
    assert check_release.version_problems(copy) != []
    _change(copy / "CHANGELOG.md", "## [Unreleased]", "## [0.1.0] - 2026-12-01")
    assert check_release.version_problems(copy) == []


def test_an_address_elsewhere_is_found(copy: Path) -> None:
    repository = check_release.repository_of((copy / "Cargo.toml").read_text("utf-8"))
    _change(copy / "Cargo.toml", repository, "https://code.example/m531x")
    problems = check_release.repository_problems(copy)
    assert "pyproject.toml: Issues is not below https://code.example/m531x" in problems


def test_the_workflows_run_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named: set[str] = set()
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        text = path.read_text("utf-8")
        named |= set(re.findall(r"run: make ([a-z-]+)", text))
        for row in re.findall(r"target: \[(.*)\]", text):
            named |= {item.strip(' "').split()[0] for item in row.split(",")}
    assert {"fuzz", "wheel", "check-release", "test-labgrid"} <= named
    assert named - targets == set()


def test_the_workflow_builds_each_kind_of_wheel_that_the_platforms_name() -> None:
    """A kind that is added to the page, or a job that is removed, fails here."""
    makers = {
        "Linux, x86_64: all of it": "wheel",
        "Windows 10 and later, x86_64": "wheel-windows",
        "Linux, aarch64 and armv7 (hard float), glibc 2.17 and later": "wheels",
        "Linux, x86_64, musl 1.2": "wheels",
        "Linux, aarch64, musl 1.2": "wheels",
    }
    page = (ROOT / "docs/platforms.md").read_text("utf-8")
    kinds = set(re.findall(r"^\| ([^|]*?): the Python wheel[^|]*\| yes ", page, re.M))
    assert kinds | {"Linux, x86_64: all of it"} == set(makers)
    workflow = (ROOT / ".github/workflows/wheels.yml").read_text("utf-8")
    for job in re.split(r"^  (?=[a-z-]+:$)", workflow, flags=re.M):
        for target in set(re.findall(r"run: make (wheel[a-z-]*)$", job, re.M)):
            assert re.search(r"name: wheels.*\n +path: target/wheels/m531x-", job), target
    built = set(re.findall(r"run: make ([a-z-]+)", workflow))
    assert set(makers.values()) <= built
    assert {"test-wheel-windows", "test-dll", "dist-windows"} <= built
    assert {"test-cross", "dist-archives"} <= built
