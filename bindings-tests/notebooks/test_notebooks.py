"""The notebooks run from top to bottom, and show what they promise."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
PICTURES = ROOT / "target" / "pictures"
PICTURES_OF = {"first_steps": 1, "publish_latency": 3, "soak_with_faults": 2, "watch_a_modem": 2}


def test_every_notebook_is_known_here() -> None:
    assert {path.stem for path in NOTEBOOKS} == set(PICTURES_OF)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_draws(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs: list[dict[str, Any]] = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    pictures = [
        base64.b64decode(output["data"]["image/png"])
        for output in outputs
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == PICTURES_OF[path.stem]
    PICTURES.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        assert picture.startswith(b"\x89PNG")
        (PICTURES / f"{path.stem}_{number}.png").write_bytes(picture)
    html = [
        output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})
    ]
    assert html != [] or path.stem == "publish_latency"
    assert not any("<script" in text for text in html)


def test_the_live_table_was_refreshed_in_place(tmp_path: Path) -> None:
    path = ROOT / "examples" / "notebooks" / "watch_a_modem.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    (live,) = [cell for cell in notebook.cells if "m531x.live(" in cell.source]
    (output,) = live.outputs
    table = output["data"]["text/html"]
    # The cell itself has shown no message yet; later cells have.
    assert "meters/1,4,21.9" in table
    assert "-67 dBm" in table
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / "live.html").write_text(table, encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
