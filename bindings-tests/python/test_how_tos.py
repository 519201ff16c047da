"""The examples of the tutorial and of the how-tos run as they stand."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
# Those of use-labgrid.md are files of examples/labgrid, which need a lab: `make test-labgrid`.
HOW_TOS = sorted({*(DOCS / "how-to").glob("*.md")} - {DOCS / "how-to" / "use-labgrid.md"})
TUTORIAL, CHINESE = DOCS / "index.md", DOCS / "tutorial.zh-CN.md"
PAGES = [TUTORIAL, CHINESE, *HOW_TOS]
EXAMPLES = [
    pytest.param(code, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S))
]


def _code(page: Path) -> list[str]:
    return re.findall(r"^```.*?^```$", page.read_text("utf-8"), re.S | re.M)


def _sections(page: Path) -> int:
    return len(re.findall(r"^## ", page.read_text("utf-8"), re.M))


@pytest.mark.parametrize(
    ("english", "chinese"),
    [(TUTORIAL, CHINESE), (DOCS.parent / "README.md", DOCS.parent / "README.zh-CN.md")],
)
def test_the_chinese_page_has_the_sections_and_programs_of_the_english(
    english: Path, chinese: Path
) -> None:
    assert _sections(chinese) == _sections(english)
    # Comments in a block of shell commands are in the page's language.
    english_code, chinese_code = (
        [re.sub(r"(?m) *#.*$", "", block) for block in _code(page)] for page in (english, chinese)
    )
    assert chinese_code == english_code


def test_the_links_of_the_chinese_pages_lead_somewhere() -> None:
    for page in (CHINESE, DOCS.parent / "README.zh-CN.md"):
        links = re.findall(r"\]\(([^)#]+)", page.read_text("utf-8"))
        assert len(links) > 5
        assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_has_an_example() -> None:
    assert len(EXAMPLES) >= len(PAGES)


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs(code: str, tmp_path: Path) -> None:
    path = tmp_path / "test_example.py"
    path.write_text(code, encoding="utf-8")
    command = [sys.executable, "-W", "error"]
    if "def test_" in code:
        command += ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [*command, path], capture_output=True, text=True, timeout=40, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout != ""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_ends_the_program_with_many_modems_and_prints_what_is_done(tmp_path: Path) -> None:
    page = (DOCS / "how-to" / "many-modems.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.S)
    # The third modem waits for a message that does not come.
    line = "        receipt = await modem.publish("
    assert line in code
    code = code.replace(line, f"        if port == 'virtual://?': await modem.receive()\n{line}")
    code = code.replace('["virtual://"] * 5', "['virtual://', 'virtual://', 'virtual://?']")
    code = code.replace("aio.Modem(port)", "aio.Modem(port.rstrip('?'))")
    path = tmp_path / "many.py"
    path.write_text(code, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stderr is not None
        while program.stderr.readline() != "2 of 3\n":
            assert program.poll() is None
        program.send_signal(signal.SIGINT)
        table = program.communicate(timeout=40)[0].splitlines()
    assert [line.split()[2] for line in table] == ["acknowledged", "acknowledged", "interrupted"]
