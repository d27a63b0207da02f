"""From manifests that were sent to a plan, and to a change of the desired state."""

import asyncio
from collections.abc import Iterable

from orchestrator.core.preview import preview
from orchestrator.core.rebalancing import Move, Rebalancing, rebalance
from orchestrator.core.render import render
from orchestrator.manifest import source_digest
from orchestrator.model.bodies import ManifestBody
from orchestrator.model.errors import ConflictError
from orchestrator.model.views import MoveView, PlanView
from orchestrator.runtime.controller import Controller
from orchestrator.runtime.desired import Change


async def change_of(body: ManifestBody) -> Change:
    """What was sent, with the digest of every folder to build. Raises `ManifestError`."""
    sources = {
        spec.name: await asyncio.to_thread(source_digest, spec.build)
        for spec in body.services
        if spec.build is not None
    }
    return Change(body.services, body.nodes, body.prune, sources)


def check_serial(controller: Controller, body: ManifestBody) -> None:
    """Raises `ConflictError` if the body was made for another state than today's."""
    serial = controller.cluster.desired.now.serial
    if body.serial is not None and body.serial != serial:
        raise ConflictError(
            f"the plan is stale: it was made for serial {body.serial}, the state is at {serial}",
            remedy="plan again: orch plan",
        )


def planned(controller: Controller, change: Change) -> PlanView:
    """What `change` would do to the cluster as it is now. Pure but for reading the clock."""
    cluster = controller.cluster
    proposed = cluster.desired.propose(change)
    now = cluster.clock.monotonic()
    seen = preview(cluster.desired.baseline(change), proposed, cluster.observed.view(), now)
    return PlanView(
        serial=cluster.desired.now.serial,
        add=seen.add,
        change=seen.change,
        destroy=seen.destroy,
        text=render(seen),
        pending=tuple(str(one) for one in seen.pending),
    )


async def rebalanced(controller: Controller, most: int | None) -> Rebalancing:
    """At most `most` moves that free nodes. Decided in a thread, from what is now: with 100,000
    replicas a thousand moves take seconds. A move that has become wrong meanwhile is not made."""
    cluster = controller.cluster
    return await asyncio.to_thread(rebalance, cluster.desired.now, cluster.observed.view(), most)


def moves_view(moves: Iterable[Move]) -> tuple[MoveView, ...]:
    """The moves, in their order."""
    return tuple(
        MoveView(replica=one.id.name, source=one.source, target=one.target, cause=one.cause)
        for one in moves
    )
