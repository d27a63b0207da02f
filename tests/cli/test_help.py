"""What costs nothing must not be made to cost: help and completion load little."""

import subprocess
import sys

import pytest

from orchestrator.cli.app import COMMANDS, ROLLOUT_COMMANDS
from tests.cli.orch import Orch

HEAVY = {"rich", "httpx", "pydantic", "yaml", "fastapi", "uvicorn", "docker", "asyncio", "sqlite3"}
# Typer itself reads the options of a command with it.
TYPERS = {"pydantic"}


def loaded_by(*args: str, **env: str) -> set[str]:
    """Top-level modules in memory after a command line has run."""
    script = (
        "import sys\n"
        "from orchestrator.cli.app import run\n"
        f"sys.argv = ['orch', *{args!r}]\n"
        "try:\n    run()\n"
        "except SystemExit: pass\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True,
        env=env or None,
    )  # fmt: skip
    return set(done.stdout.rpartition("LOADED ")[2].split())


def test_help_loads_nothing_heavy() -> None:
    """Each of these would add a tenth of a second or more."""
    assert not loaded_by("--help") & HEAVY


def test_help_of_a_command_loads_nothing_heavy() -> None:
    """Not even of the one that starts everything."""
    assert not loaded_by("up", "--help") & (HEAVY - TYPERS)


def test_completion_loads_nothing_heavy() -> None:
    """The shell waits for it at every press of the tab key."""
    words = {"_ORCH_COMPLETE": "complete_bash", "COMP_WORDS": "orch sc", "COMP_CWORD": "1"}
    assert not loaded_by(**words) & (HEAVY - TYPERS)


def test_completion_knows_commands(orch: Orch) -> None:
    """As bash asks for them."""
    found = orch(_ORCH_COMPLETE="complete_bash", COMP_WORDS="orch sc", COMP_CWORD="1")
    assert found.split() == ["scale", "schema"]


@pytest.mark.parametrize("verb", [*COMMANDS, *(f"rollout {verb}" for verb in ROLLOUT_COMMANDS)])
def test_every_command_takes_the_common_options(verb: str, orch: Orch) -> None:
    """After its verb."""
    text = orch.quick(*verb.split(), "--help")
    for option in ("--project", "--state-dir", "-o, --output", "ORCH_PROJECT", "ORCH_STATE_DIR"):
        assert option in text


def test_the_module_and_the_script_are_the_same(orch: Orch) -> None:
    """`python -m orchestrator` calls itself `orch`."""
    assert orch("--help").startswith("Usage: orch ")
