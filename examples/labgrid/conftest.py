"""Takes a free place with the tag ``modem=m5310-a`` for each worker of pytest, and gives it back.

LG_COORDINATOR=lab:20408 LG_ENV=environment.yaml pytest -n 4
"""

import os
import subprocess

import pytest

FILTER = "modem=m5310-a"
ends: list[tuple[str, ...]] = []


def client(*arguments: str) -> str:
    """Run labgrid-client and return what it prints."""
    # With an environment, labgrid-client would take the place from there.
    variables = {name: value for name, value in os.environ.items() if name != "LG_ENV"}
    command = ["labgrid-client", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=variables)
    if done.returncode:
        pytest.exit(f"labgrid-client {arguments[-1]}: {done.stdout}{done.stderr}", 1)
    return done.stdout


def pytest_configure(config: pytest.Config) -> None:
    """Reserve a place and acquire it, before labgrid reads the environment."""
    starts_workers = getattr(config.option, "numprocesses", None)
    if starts_workers and not hasattr(config, "workerinput"):
        os.environ.setdefault("LG_PLACE", "")
        return
    if os.environ.get("LG_PLACE"):
        return  # the user has acquired a place
    token = client("reserve", "--wait", "--shell", FILTER).strip().rpartition("=")[2]
    ends.append(("cancel-reservation", token))
    client("-p", f"+{token}", "acquire")
    ends.append(("-p", f"+{token}", "release"))
    shown = client("-p", f"+{token}", "show")
    os.environ["LG_PLACE"] = shown.partition("'")[2].partition("'")[0]


def pytest_sessionfinish() -> None:
    """Release the place; pytest-xdist waits for this, but not for later hooks."""
    while ends:
        client(*ends.pop())
