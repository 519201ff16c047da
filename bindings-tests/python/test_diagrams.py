"""The flowcharts of the pages are of the kind that `make docs` can draw."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def diagrams() -> ModuleType:
    """The hook of mkdocs that draws them."""
    spec = spec_from_file_location("diagrams", ROOT / "tools/docs/diagrams.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_flowchart_of_the_pages_can_be_drawn(diagrams: ModuleType) -> None:
    charts = [
        chart
        for page in (ROOT / "docs").rglob("*.md")
        for chart in re.findall(r"^```mermaid\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    ]
    assert charts
    for chart in charts:
        assert diagrams.dot_of(chart).count(" -> ") == chart.count(" --> ")


def test_an_arrow_to_a_group_ends_at_its_frame(diagrams: ModuleType) -> None:
    chart = 'flowchart TB\nsubgraph g["a group"]\na["one<br>two"]\nend\nb["three"]\nb --> g\n'
    dot = diagrams.dot_of(chart)
    assert 'subgraph cluster_g { label="a group";' in dot
    assert 'a [label="one\\ntwo"];' in dot
    assert "b -> a [lhead=cluster_g];" in dot


@pytest.mark.parametrize("chart", ["pie\n", "flowchart TB\na((round))\n"])
def test_what_it_does_not_know_is_an_error(diagrams: ModuleType, chart: str) -> None:
    with pytest.raises(ValueError, match=re.escape("tools/docs/diagrams.py")):
        diagrams.dot_of(chart)
