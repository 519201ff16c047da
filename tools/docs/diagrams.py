"""A hook of mkdocs: draws the flowcharts of the pages as SVG, so that the site needs no scripts.

The pages hold them as Mermaid, which repository browsers draw, and Graphviz draws them here. This
reads the part of Mermaid that they use: nodes with a text, arrows, and groups. A line that it does
not know ends the build.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

_BLOCK = re.compile(r"^```mermaid\n(.*?)^```$", re.M | re.S)
_NODE = re.compile(r'(\w+)\["(.*)"\]')
_GROUP = re.compile(r'subgraph (\w+)(?:\["(.*)"\])?')
_ARROW = re.compile(r"(\w+) --> (\w+)")


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Puts a picture in place of each flowchart."""
    return _BLOCK.sub(lambda block: _figure(block[1]), markdown)


def _figure(mermaid: str) -> str:
    # It takes the width of the page, and scrolls where that is narrow.
    return f'<figure style="display:block;overflow-x:auto">{svg_of(dot_of(mermaid))}</figure>'


def dot_of(mermaid: str) -> str:
    """A flowchart in the language of Graphviz.

    Raises:
        ValueError: It has a line that this does not know.
    """
    first, *lines = [line.strip() for line in mermaid.strip().splitlines()]
    if first not in ("flowchart TB", "flowchart LR"):
        raise ValueError(f"not a flowchart that tools/docs/diagrams.py knows: {first!r}")
    groups = {found[1] for line in lines if (found := _GROUP.fullmatch(line))}
    members = _first_members(lines)
    written = [
        f"digraph {{ rankdir={first[-2:]}; compound=true;",
        "bgcolor=transparent; fontname=sans; pencolor=gray;",
        "node [shape=box, style=rounded, fontname=sans, fontsize=12];",
    ]
    for line in lines:
        if line == "end":
            written.append("}")
        elif group := _GROUP.fullmatch(line):
            written.append(f"subgraph cluster_{group[1]} {{ label={_quoted(group[2] or group[1])};")
        elif node := _NODE.fullmatch(line):
            written.append(f"{node[1]} [label={_quoted(node[2])}];")
        elif arrow := _ARROW.fullmatch(line):
            # An arrow to a group is one to a node in it that ends at the frame.
            ends = [members.get(end, end) for end in arrow.groups()]
            frames = [
                f"{side}=cluster_{end}"
                for side, end in zip(("ltail", "lhead"), arrow.groups(), strict=True)
                if end in groups
            ]
            written.append(f"{ends[0]} -> {ends[1]} [{', '.join(frames)}];")
        else:
            raise ValueError(f"tools/docs/diagrams.py does not know this line: {line!r}")
    return "\n".join([*written, "}\n"])


def svg_of(dot: str) -> str:
    """The picture, in the colours of the text around it."""
    done = subprocess.run(["dot", "-Tsvg"], input=dot, capture_output=True, text=True, check=True)
    svg = re.sub(r"<!--.*?-->", "", done.stdout[done.stdout.index("<svg") :], flags=re.S)
    svg = svg.replace('"black"', '"currentColor"').replace("<text ", '<text fill="currentColor" ')
    # As wide as the page, but never too small to read.
    size, style = r'width="(\d+)pt" height="\d+pt"', r'style="max-width:\1pt;min-width:560px"'
    svg = re.sub(size, style, svg, count=1)
    return re.sub(r"\s*\n\s*", " ", svg)


def _first_members(lines: list[str]) -> dict[str, str]:
    """The first node of each group."""
    members: dict[str, str] = {}
    group = ""
    for line in lines:
        if found := _GROUP.fullmatch(line):
            group = found[1]
        elif line == "end":
            group = ""
        elif (node := _NODE.fullmatch(line)) and group:
            members.setdefault(group, node[1])
    return members


def _quoted(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("<br>", "\\n") + '"'
