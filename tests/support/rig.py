"""One project on one engine, with controllers in this process, and the proof that nothing of it
is left when it is cleared."""

import os
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from orchestrator.core.rebalancing import Rebalancing, rebalance
from orchestrator.engines.base import Engine
from orchestrator.engines.process import ProcessEngine
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.state import Phase
from orchestrator.model.timing import Timing
from orchestrator.model.views import ReplicaView
from orchestrator.runtime.clock import Clock
from orchestrator.runtime.controller import Controller, Settings
from orchestrator.runtime.desired import Change
from orchestrator.runtime.project import Project
from orchestrator.runtime.queries import Queries
from tests.engines.contract.bench import IMAGE
from tests.support import app
from tests.support.guardian import guardian
from tests.support.ports import free_port, is_free
from tests.support.wait import eventually_async

QUICK: Final = Timing(
    name="quick",
    probe_period_s=0.15,
    probe_timeout_s=1.0,
    probe_failure_threshold=2,
    startup_period_s=0.1,
    startup_failure_threshold=100,
    backoff_initial_s=0.05,
    backoff_max_s=0.2,
    backoff_reset_after_s=0.5,
    stop_grace_period_s=5.0,
    drain_timeout_s=2.0,
    resync_s=1.0,
)
"""Everything that a manifest leaves out, for tests: short, but no race of its own."""

Wrap = Callable[[Engine], Engine]


class Rig:
    """Makes engines and controllers of one project, and finds what is left of it."""

    def __init__(self, kind: str, base: Path) -> None:
        self.kind = kind
        self.project = Project(f"t-{uuid.uuid4().hex[:8]}", base)
        self.project.create()
        guardian().watch(self.project.name, self.project.folder)
        self.port = free_port()
        self._controllers: list[Controller] = []
        self._workers: list[subprocess.Popen[bytes]] = []

    # -- parts -----------------------------------------------------------------------------

    def engine(self, project: Project | None = None) -> Engine:
        """A real engine, not yet open, as each new controller has it."""
        project = project or self.project
        if self.kind == "docker":
            from orchestrator.engines.docker import DockerEngine

            return DockerEngine(project.name)
        return ProcessEngine(project.name, project.folder, use_cgroups=self.kind == "process")

    async def controller(
        self, engine: Engine | None = None, clock: Clock | None = None, timing: Timing = QUICK
    ) -> Controller:
        """A new one that has started."""
        controller = Controller(self.project, engine or self.engine(), Settings(timing), clock)
        self._controllers.append(controller)
        await controller.start()
        return controller

    async def close(self, controller: Controller) -> None:
        """End a controller in good order: what it runs goes on."""
        self._controllers.remove(controller)
        # Its proxy workers outlive it, and are children of this very process.
        workers = [worker._process for worker in controller.supervisor._workers]
        self._workers += [worker for worker in workers if worker is not None]
        await controller.close()

    async def kill(self, controller: Controller) -> None:
        """End a controller as SIGKILL would: what it had not yet written is lost."""
        controller.store._events.clear()
        controller.store._slots.clear()
        controller.store.flush = lambda: None  # type: ignore[method-assign]
        await self.close(controller)

    def service(self, name: str = "web", **fields: Any) -> ServiceSpec:
        """A web service behind the rig's port, unless `fields` say otherwise (None: left out)."""
        probe = {"path": "/readyz", "period": "100ms"}
        plain: dict[str, Any] = {
            "name": name,
            "image": IMAGE,
            "pull": "never",
            "command": app.python(app.WEB),
            "port": 8000,
            "replicas": 3,
            "env": {"MARK": self.project.name} | fields.pop("env", {}),
            "resources": {"requests": {"cpu": "10m", "memory": "8Mi"}},
            "probes": {"readiness": probe},
            "proxy": {"listen": self.port},
        }
        given = {key: value for key, value in (plain | fields).items() if value is not None}
        return ServiceSpec.model_validate(given)

    def worker(self, name: str = "job", code: str = app.WAITS, **fields: Any) -> ServiceSpec:
        """A service without a port."""
        portless = {"port": None, "probes": None, "proxy": None}
        return self.service(name, command=app.python(code), **portless, **fields)

    # -- ends ------------------------------------------------------------------------------

    async def clear(self) -> None:
        """Remove everything and make sure of it."""
        for controller in self._controllers[:-1]:
            await self.close(controller)
        last = self._controllers.pop() if self._controllers else await self.controller()
        await last.destroy(at_once=True)
        self._controllers.clear()
        for worker in self._workers:
            worker.wait(5)
        try:
            await eventually_async(lambda: not self.leftovers())
        except TimeoutError as error:
            raise AssertionError(f"left behind: {self.leftovers()}") from error
        guardian().unwatch(self.project.name)

    def leftovers(self) -> list[str]:
        """What of the project is still there."""
        found = [f"process {pid}" for pid in self._processes()]
        found += [] if is_free(self.port) else [f"port {self.port}"]
        files = {path.name for path in self.project.folder.rglob("*")} - {"run", "engine"}
        found += sorted(name for name in files if not name.startswith(("state.db", "controller.")))
        return found + self._containers() if self.kind == "docker" else found

    def _processes(self) -> list[str]:
        marks = (f"MARK={self.project.name}".encode(), str(self.project.folder).encode())
        return [
            entry.name
            for entry in Path("/proc").glob("[0-9]*")
            if entry.name != str(os.getpid()) and any(mark in _told(entry) for mark in marks)
        ]

    def _containers(self) -> list[str]:
        import docker

        client = docker.from_env()
        try:
            named: dict[str, str | list[str] | bool] = {"name": self.project.name}
            containers = client.containers.list(all=True, filters=named)
            networks = client.networks.list(filters={"name": self.project.name})
            found = [f"container {container.name}" for container in containers]
            return found + [f"network {network.name}" for network in networks]
        finally:
            client.close()


def _told(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    except OSError:
        return b""


# -- what tests say of a controller ----------------------------------------------------------------


def apply(controller: Controller, *specs: ServiceSpec | NodeSpec, prune: bool = False) -> None:
    """Want these."""
    services = tuple(spec for spec in specs if isinstance(spec, ServiceSpec))
    nodes = tuple(spec for spec in specs if isinstance(spec, NodeSpec))
    controller.apply(Change(services, nodes, prune))


def rebalanced(
    controller: Controller, most: int | None = None, *, dry_run: bool = False
) -> Rebalancing:
    """The moves that free nodes, begun unless only asked for."""
    cluster = controller.cluster
    plan = rebalance(cluster.desired.now, cluster.observed.view(), most)
    if not dry_run:
        controller.mover.begin(plan)
    return plan


def rows(controller: Controller, service: str = "") -> list[ReplicaView]:
    """Its replicas as users see them."""
    return Queries(controller).replicas(service)


def row(controller: Controller, name: str) -> ReplicaView:
    """The newest attempt of one replica."""
    return max((one for one in rows(controller) if one.name == name), key=lambda one: one.attempt)


async def until(
    controller: Controller, name: str, *statuses: str, attempt: int = 0, timeout: float = 15.0
) -> ReplicaView:
    """Wait until a replica has one of these statuses (in an attempt not before `attempt`), and
    if it is Pending, until it was decided why."""

    def look() -> ReplicaView | None:
        now = row(controller, name)
        decided = now.reason or now.status != "Pending"
        return now if now.status in statuses and now.attempt >= attempt and decided else None

    return await eventually_async(look, timeout, f"{name} is {statuses}")


def settled(controller: Controller) -> bool:
    """Whether exactly what is wanted runs, is ready, and nothing else is there."""
    desired = controller.cluster.desired.now
    there = [
        one
        for one in controller.cluster.observed.replicas.values()
        if one.phase is not Phase.EXITED
    ]
    wanted = {
        (name, slot, service.revision)
        for name, service in desired.services.items()
        for slot in range(1, service.spec.replicas + 1)
    }
    found = [(one.id.service, one.id.slot, one.revision) for one in there if one.ready]
    return sorted(found) == sorted(wanted) and len(there) == len(found)


async def settle(controller: Controller, timeout: float = 20.0) -> None:
    """Wait until the cluster is as wanted."""
    try:
        await eventually_async(lambda: settled(controller), timeout)
    except TimeoutError as error:
        events = [f"{one.object} {one.reason}: {one.message}" for one in controller.store.events()]
        shown = "\n".join(events[-40:])
        raise TimeoutError(f"never settled: {rows(controller)}\n{shown}") from error


async def portrait(controller: Controller) -> list[tuple[str, int, str, str]]:
    """What runs, as the engine sees it: service, slot, node, revision; each as often as it runs."""
    seen = await controller.engine.list()
    return sorted(
        (one.id.service, one.id.slot, one.node, one.revision) for one in seen if one.running
    )


async def is_quiet(controller: Controller, *specs: ServiceSpec | NodeSpec) -> bool:
    """Whether applying the same again, and a fresh look at everything, write nothing."""
    before = controller.engine.writes
    apply(controller, *specs)
    controller.cluster.touch_all()
    await controller.watcher.relist()
    await eventually_async(lambda: not controller.cluster.agenda.wake.is_set())
    return controller.engine.writes == before


async def converged(controller: Controller, *specs: ServiceSpec | NodeSpec) -> None:
    """The oracle of every fault: the state is the wanted one, the engine runs each replica once
    and nothing else, and applying the same manifests again writes nothing."""
    await settle(controller)
    desired = controller.cluster.desired.now

    async def runs_once() -> bool:
        running = [(service, slot, rev) for service, slot, _, rev in await portrait(controller)]
        return running == sorted(
            (name, slot, service.revision)
            for name, service in desired.services.items()
            for slot in range(1, service.spec.replicas + 1)
        )

    await eventually_async(runs_once, what="each replica runs once, and nothing else")

    async def quiet() -> bool:
        return await is_quiet(controller, *specs)

    await eventually_async(quiet, what="no more writes")
