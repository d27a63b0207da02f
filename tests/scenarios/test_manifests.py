"""Manifests in files, as they are while somebody edits them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import manifest
from orchestrator.model.errors import ManifestError
from tests.engines.contract.bench import IMAGE
from tests.scenarios.conftest import PROCESS_ONLY
from tests.support import app
from tests.support.rig import Rig, apply, converged, rows, settle

pytestmark = PROCESS_ONLY

GOOD = """\
kind: Service
name: job
image: {image}
pull: never
command: {command}
replicas: 2
env: {{MARK: {mark}}}
"""


def text(rig: Rig) -> str:
    """A manifest that is in order."""
    command = json.dumps(app.python(app.WAITS))
    return GOOD.format(image=IMAGE, command=command, mark=rig.project.name)


@pytest.mark.parametrize(
    "broken",
    [
        lambda good: "",
        lambda good: good[: len(good) // 2],
        lambda good: good.replace("replicas: 2", "replicas: two"),
        lambda good: good.replace("replicas: 2", "replicas:\n"),
        lambda good: good.replace("kind: Service", "kind: Servi"),
        lambda good: good + "---\nkind: Node\n",
        lambda good: "\0" * 100,
    ],
)  # fmt: skip
async def test_a_manifest_in_mid_edit_leaves_what_runs(
    rig: Rig, tmp_path: Path, broken: Callable[[str], str]
) -> None:
    """Fault 21: the last good one is kept."""
    controller = await rig.controller()
    path = tmp_path / "job.yaml"
    path.write_text(text(rig))
    good = manifest.load([str(path)])
    apply(controller, *good.services, *good.nodes)
    await settle(controller)
    before = {one.id for one in rows(controller)}
    path.write_text(broken(text(rig)))
    with pytest.raises(ManifestError):
        manifest.load([str(path)])
    path.unlink()
    with pytest.raises(ManifestError):
        manifest.load([str(path)])
    await converged(controller, *good.services)
    assert {one.id for one in rows(controller)} == before
