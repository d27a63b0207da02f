"""Parts that need no controller: saved plans, options, names."""

import json
from pathlib import Path

import pytest

from orchestrator.cli import saved_plan, sources
from orchestrator.cli.controller_options import ControllerOptions
from orchestrator.cli.exits import UsageError
from orchestrator.cli.formats import bare
from orchestrator.cli.options import seconds
from orchestrator.cli.session import Session
from orchestrator.manifest import load
from orchestrator.model.bodies import ManifestBody
from tests.cli.orch import ROOT


@pytest.mark.parametrize(("text", "value"), [("60", 60), ("90s", 90), ("1m30s", 90), ("0", 0)])
def test_timeouts(text: str, value: float) -> None:
    """Durations as in manifests, or plain seconds."""
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1 s", "1x"])
def test_what_is_no_timeout(text: str) -> None:
    """Refused before anything is ordered."""
    with pytest.raises(UsageError, match="--timeout"):
        seconds(text)


def test_names_are_taken_with_their_kind() -> None:
    """`orch kill $(orch ps -o name)` works."""
    assert bare("replica/web-2") == bare("web-2") == "web-2"


def test_commands_to_type_name_the_project() -> None:
    """And are quoted for a shell."""
    session = Session("demo", "/a b")
    assert session.command("down") == "orch down --project demo --state-dir '/a b'"
    assert Session().command("ps", "-o wide") == "orch ps -o wide"


def test_manifests_arrive_as_they_were_written() -> None:
    """What is sent and read again is equal, and names the same fields as given."""
    manifests = load([ROOT / "manifests"])
    sent = json.loads(json.dumps(sources.body_of(manifests, prune=True)))
    body = ManifestBody(**sent)
    assert body.services == manifests.services
    assert body.nodes == manifests.nodes
    assert body.prune
    assert [one.model_fields_set for one in body.services] == [
        one.model_fields_set for one in manifests.services
    ]


def test_controller_options_survive_the_command_line() -> None:
    """The other process is told exactly this, values that look like options included."""
    options = ControllerOptions("demo", Path("-odd dir"), "process", "production", 0, 3)
    assert ControllerOptions.parse(options.argv()[3:]) == options
    plain = ControllerOptions("demo", Path("/x"))
    assert ControllerOptions.parse(plain.argv()[3:]) == plain


def test_a_saved_plan_is_for_its_owner_only(tmp_path: Path) -> None:
    """Environments may hold secrets."""
    path = str(tmp_path / "plan.json")
    saved_plan.save(path, "demo", {"services": [], "nodes": [], "prune": False}, {"serial": 4})
    assert (tmp_path / "plan.json").stat().st_mode & 0o777 == 0o600
    assert saved_plan.read(path, "demo")["serial"] == 4


@pytest.mark.parametrize("content", ["", "{}", "[]", "kind: Service", '{"format": "other/9"}'])
def test_what_is_no_saved_plan(content: str, tmp_path: Path) -> None:
    """Such as a manifest that was given without -f."""
    path = tmp_path / "app.yaml"
    path.write_text(content)
    with pytest.raises(UsageError, match="is no saved plan"):
        saved_plan.read(str(path), "demo")


def test_a_plan_of_another_project(tmp_path: Path) -> None:
    """Not applied here."""
    path = str(tmp_path / "plan.json")
    saved_plan.save(path, "other", {"services": []}, {"serial": 4})
    with pytest.raises(UsageError, match="project 'other', not 'demo'"):
        saved_plan.read(path, "demo")
