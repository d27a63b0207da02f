"""A project stays on the engine that may still run its replicas."""

from pathlib import Path

import pytest

from orchestrator.api.server import ServeOptions, serving
from orchestrator.model.errors import ConflictError
from orchestrator.model.timing import DEMO
from orchestrator.runtime.project import Project


async def test_auto_takes_the_engine_of_before(state_dir: Path) -> None:
    project = Project("memory", state_dir)
    async with serving(ServeOptions(project, DEMO, engine="process", api_port=0)):
        pass
    async with serving(ServeOptions(project, DEMO, engine="auto", api_port=0)) as served:
        assert served.controller.engine.name == "process"
        await served.controller.destroy()


async def test_another_engine_is_refused_while_replicas_may_run(state_dir: Path) -> None:
    project = Project("memory", state_dir)
    project.create()
    project.remember_engine("docker")
    with pytest.raises(ConflictError, match="runs on the docker engine, not on process") as refused:
        async with serving(ServeOptions(project, DEMO, engine="process", api_port=0)):
            pass
    assert "orch down --project memory" in refused.value.remedy
    assert project.controller() is None
