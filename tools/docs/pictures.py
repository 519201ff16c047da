"""Draws the pictures of the tutorial into docs/pictures: ``make pictures``.

The plots are outputs of the notebooks; Chromium takes the picture of a notebook itself.
"""

from __future__ import annotations

import base64
import subprocess
import tempfile
from pathlib import Path

import nbclient
import nbconvert
import nbformat

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "examples" / "notebooks"
PICTURES = ROOT / "docs" / "pictures"
# The pictures that are plots of examples/notebooks/publish_latency.ipynb.
PLOTS = {"latency": 1, "timeline": 2}
SIZE = "780,1020"


def main() -> None:
    """Runs the notebooks and writes the pictures."""
    PICTURES.mkdir(exist_ok=True)
    plots = [
        output["data"]["image/png"]
        for cell in run("publish_latency").cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    for name, number in PLOTS.items():
        (PICTURES / f"{name}.png").write_bytes(base64.b64decode(plots[number]))
    page, _ = nbconvert.HTMLExporter(template_name="lab").from_notebook_node(run("first_steps"))
    with tempfile.TemporaryDirectory() as folder:
        html = Path(folder) / "notebook.html"
        html.write_text(page, encoding="utf-8")
        shot = f"--screenshot={PICTURES / 'notebook.png'}"
        options = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}")
        command = ["chromium", *options, f"--window-size={SIZE}", shot, html.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def run(name: str) -> nbformat.NotebookNode:
    """The notebook with its outputs."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        nbclient.NotebookClient(notebook, timeout=300, resources=resources).execute()
    return notebook


if __name__ == "__main__":
    main()
