"""The plan of a project that does not exist yet: from nothing, without a controller."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from orchestrator.api.planning import change_of
from orchestrator.core.preview import preview
from orchestrator.core.render import render
from orchestrator.model.bodies import ManifestBody
from orchestrator.model.state import Observed
from orchestrator.model.timing import DEMO
from orchestrator.model.views import PlanView
from orchestrator.runtime.clock import SystemClock
from orchestrator.runtime.desired import DesiredState
from orchestrator.runtime.store import Store


def first_plan(body: dict[str, Any]) -> dict[str, Any]:
    """A `PlanView` as a controller that has just started would answer it."""
    change = asyncio.run(change_of(ManifestBody(**body)))
    with tempfile.TemporaryDirectory(prefix="orch-plan-") as folder:
        store = Store(Path(folder) / "state.db", SystemClock())
        try:
            desired = DesiredState(store, DEMO)
            before, after = desired.baseline(change), desired.propose(change)
            seen = preview(before, after, Observed(), 0.0)
        finally:
            store.close()
    view = PlanView(
        serial=0, add=seen.add, change=seen.change, destroy=seen.destroy, text=render(seen),
        pending=tuple(str(one) for one in seen.pending),
    )  # fmt: skip
    return view.model_dump(mode="json")
