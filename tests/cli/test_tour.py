"""The tour in the docs speaks of commands and options that there are."""

from pathlib import Path

import pytest
import typer.main

from orchestrator.cli.app import app

ROOT = Path(__file__).parents[2]
TOUR = (ROOT / "docs" / "tour.md").read_text()
LINES = [line.strip() for line in TOUR.splitlines() if line.startswith("    orch ")]


def test_the_tour_has_a_way() -> None:
    assert len(LINES) >= 15


@pytest.mark.parametrize("line", LINES)
def test_every_command_of_the_tour_can_be_read(line: str) -> None:
    """By its own parser, without being run."""
    _, verb, *words = line.split()
    commands = getattr(typer.main.get_command(app), "commands", {})
    context = commands[verb].make_context(verb, words)
    assert context.info_name == verb
