"""Anything, at any moment, in any order, from a seed: in the end it is as wanted."""

import random
from collections.abc import Awaitable, Callable

import pytest

from orchestrator.model.errors import NotFoundError
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.runtime.controller import Controller
from tests.scenarios.conftest import PROCESS_ONLY
from tests.support.rig import Rig, apply, converged, rows
from tests.support.wait import eventually_async

pytestmark = PROCESS_ONLY
STEPS = 25
NODES = [
    NodeSpec.model_validate({"name": f"n{n}", "capacity": {"cpu": "100m", "memory": "1Gi"}})
    for n in (1, 2, 3)
]


class Monkey:
    """Does one thing after the other to a project, and remembers what was last wanted."""

    def __init__(self, rig: Rig, controller: Controller, seed: int) -> None:
        self.rig = rig
        self.controller = controller
        self.draw = random.Random(seed)
        self.wanted: ServiceSpec = rig.service(replicas=2)

    def update(self) -> None:
        """Another revision, another number of replicas."""
        version = {"VERSION": str(self.draw.randrange(3))}
        self.wanted = self.rig.service(replicas=self.draw.randrange(5), env=version)
        apply(self.controller, self.wanted)

    async def shoot(self) -> None:
        """Kill a replica, or one that no longer runs."""
        alive = [one.id for one in rows(self.controller) if one.id]
        if alive:
            try:
                await self.controller.engine.signal(self.draw.choice(alive), "KILL")
            except NotFoundError:
                return

    async def steal(self) -> None:
        """Remove a replica behind the controller's back."""
        alive = [one.id for one in rows(self.controller) if one.id]
        if alive:
            await self.controller.engine.remove(self.draw.choice(alive))

    def mark(self) -> None:
        """Cordon, drain or free a node."""
        cordoned, draining = self.draw.choice([(True, False), (True, True), (False, False)])
        node = self.draw.choice(NODES).name
        self.controller.mark_node(node, cordoned=cordoned, draining=draining, word="Marked")

    def restart(self) -> None:
        """Order a restart."""
        self.controller.restart("web")

    async def replace_controller(self) -> None:
        """SIGKILL, and another one."""
        await self.rig.kill(self.controller)
        self.controller = await self.rig.controller()

    async def step(self) -> None:
        """One of these; then the loop has a moment, or none."""
        deeds: list[Callable[[], Awaitable[None] | None]] = [
            self.update, self.shoot, self.shoot, self.steal, self.mark, self.restart,
            self.replace_controller,
        ]  # fmt: skip
        done = self.draw.choice(deeds)()
        if done is not None:
            await done
        if self.draw.random() < 0.5:
            await eventually_async(lambda: not self.controller.cluster.agenda.wake.is_set())


@pytest.mark.parametrize("seed", range(6))
async def test_in_the_end_it_is_as_wanted(rig: Rig, seed: int) -> None:
    monkey = Monkey(rig, await rig.controller(), seed)
    apply(monkey.controller, *NODES, monkey.wanted)
    for _ in range(STEPS):
        await monkey.step()
    for node in NODES:
        monkey.controller.mark_node(node.name, cordoned=False, draining=False, word="Freed")
    await converged(monkey.controller, *NODES, monkey.wanted)
    attempts = [one.id for one in await monkey.controller.engine.list()]
    assert len(attempts) == len(set(attempts))
