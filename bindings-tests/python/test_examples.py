"""The examples run as they stand, against a virtual modem."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["readme.py", "first_script.py"])
def test_a_first_script_prints_what_it_published(name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name],
        capture_output=True,
        encoding="utf-8",
        timeout=50,
        env={"PYTHONIOENCODING": "utf-8", "PATH": ""},
    )
    assert (run.stdout, run.stderr, run.returncode) == ("meters/17 21.5 °C\n", "", 0)


def test_the_readme_shows_what_its_example_prints() -> None:
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    example = (EXAMPLES / "readme.py").read_text(encoding="utf-8")
    assert f"```python\n{example}```\n\n```text\nmeters/17 21.5 °C\n```" in readme
    assert len(example.splitlines()) == 8


def test_callbacks_answers_both_questions() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / "callbacks.py"],
        capture_output=True,
        encoding="utf-8",
        timeout=50,
    )
    assert (run.stderr, run.returncode) == ("", 0)
    assert run.stdout.splitlines()[0] == "ONE TWO"


def test_outbox_sends_what_was_published_before() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / "outbox.py"],
        capture_output=True,
        encoding="utf-8",
        timeout=50,
    )
    assert (run.stderr, run.returncode) == ("", 0)
    first, second = run.stdout.splitlines()
    assert first == "on the disk"
    assert "sent=4" in second


def test_paho_meter_is_tested_beside_paho() -> None:
    # paho_meter.py needs a broker on the network: see test_paho.py.
    assert "paho_meter.py" in (Path(__file__).parent / "test_paho.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_every_example_is_tested_here(path: Path) -> None:
    assert path.name in Path(__file__).read_text(encoding="utf-8")
