"""A hook of mkdocs: puts into the site what is not below ``docs``.

That is what rustdoc and doxygen made, below ``rust/`` and ``c/``, and each file of the repository
to which a page links, below ``files/``.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
_MADE = {"rust": Path("target/doc"), "c": Path("target/doxygen/html")}
_UPWARDS = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the files, so that links to them are checked like all others."""
    for below, folder in _MADE.items():
        for made in sorted(folder.rglob("*")):
            if made.is_file() and not made.name.startswith("."):
                _add(files, config, f"{below}/{made.relative_to(folder).as_posix()}", made)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads a link to a file outside of ``docs`` to a copy of it in the site."""
    source = Path(page.file.abs_src_path or "")

    def inwards(link: re.Match[str]) -> str:
        path = (source.parent / link[1]).resolve()
        if not path.is_file() or path.is_relative_to(config.docs_dir):
            return link[0]
        name = f"files/{path.relative_to(ROOT).as_posix()}"
        if files.get_file_from_path(name) is None:
            _add(files, config, name, path)
        return f"]({'../' * page.file.src_uri.count('/')}{name})"

    return _UPWARDS.sub(inwards, markdown)


def _add(files: Files, config: MkDocsConfig, name: str, path: Path) -> None:
    files.append(File.generated(config, name, abs_src_path=str(path)))
