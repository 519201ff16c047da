"""A hook of mkdocs: puts what rustdoc and doxygen made below ``rust/`` and ``c/`` of the site."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

_MADE = {"rust": Path("target/doc"), "c": Path("target/doxygen/html")}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the files, so that links to them are checked like all others."""
    for below, folder in _MADE.items():
        for made in sorted(folder.rglob("*")):
            if made.is_file() and not made.name.startswith("."):
                name = f"{below}/{made.relative_to(folder).as_posix()}"
                files.append(File.generated(config, name, abs_src_path=str(made)))
    return files
