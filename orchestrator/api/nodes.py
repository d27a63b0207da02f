"""Nodes: what there is, in and out of use, crashes, and moves that free them."""

from collections.abc import Sequence

from fastapi import FastAPI

from orchestrator.api.nothing import Nothing
from orchestrator.api.planning import moves_view, rebalanced
from orchestrator.model.bodies import NodesBody, RebalanceBody
from orchestrator.model.views import MoveView, NodeView, OutageView, RebalanceView
from orchestrator.runtime.controller import Controller
from orchestrator.runtime.queries import Queries


def install(app: FastAPI, controller: Controller, queries: Queries) -> None:
    """Add the routes."""

    @app.get("/v1/nodes")
    async def nodes() -> list[NodeView]:
        """Nodes, by name."""
        return queries.nodes()

    @app.post("/v1/rebalance")
    async def rebalance(body: RebalanceBody) -> RebalanceView:
        """Move replicas so that whole nodes are free; or only say which, and change nothing."""
        plan = await rebalanced(controller, body.max_moves)
        if not body.dry_run:
            controller.mover.begin(plan)
        return RebalanceView(
            nodes_before=plan.nodes_before,
            nodes_after=plan.nodes_after,
            moves=moves_view(plan.moves),
        )

    @app.get("/v1/rebalance")
    async def moves_left() -> list[MoveView]:
        """The moves that are under way or to come."""
        return list(moves_view(controller.mover.left))

    @app.post("/v1/nodes/{name}/cordon")
    async def cordon(name: str, _: Nothing = None) -> NodeView:
        """Place nothing more on the node."""
        controller.mark_node(name, cordoned=True, draining=False, word="Cordoned")
        return queries.node(name)

    @app.post("/v1/nodes/{name}/uncordon")
    async def uncordon(name: str, _: Nothing = None) -> NodeView:
        """Use the node again."""
        controller.mark_node(name, cordoned=False, draining=False, word="Uncordoned")
        return queries.node(name)

    @app.post("/v1/nodes/{name}/drain")
    async def drain(name: str, _: Nothing = None) -> NodeView:
        """Move every replica away from the node."""
        controller.mark_node(name, cordoned=True, draining=True, word="Draining")
        return queries.node(name)

    def outage(names: Sequence[str], changed: Sequence[str]) -> OutageView:
        nodes = tuple(map(queries.node, dict.fromkeys(names)))
        return OutageView(nodes=nodes, changed=tuple(changed))

    @app.post("/v1/nodes/crash")
    async def crash(body: NodesBody) -> OutageView:
        """Cut the power of these nodes: all that they run is killed, and started anew elsewhere."""
        return outage(body.nodes, controller.outages.crash(body.nodes))

    @app.post("/v1/nodes/recover")
    async def recover(body: NodesBody) -> OutageView:
        """Have these nodes up again, empty."""
        return outage(body.nodes, controller.outages.recover(body.nodes))
