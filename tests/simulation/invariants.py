"""What holds at every moment, and what holds once faults have stopped and all is at rest."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from orchestrator.core.restart import should_restart
from orchestrator.core.rollout import surge
from orchestrator.core.scheduling import Cluster as Room
from orchestrator.engines.simulated import World
from orchestrator.model.plan import StartReplica
from orchestrator.model.state import Phase, Replica, ReplicaId, SlotKey
from orchestrator.runtime.controller import Controller


class BrokenInvariantError(AssertionError):
    """The controller did what it must never do."""


def hold(true: bool, what: str) -> None:
    """Raises `BrokenInvariantError` unless it is true."""
    if not true:
        raise BrokenInvariantError(what)


class Always:
    """Checked at every decision to start a replica, and every fraction of a second.

    `honest`: no answer of the engine was untrue so far, so what the controller believes is what is.
    Otherwise it may find more running than it had meant to, and only its decisions can be judged.
    """

    def __init__(self) -> None:
        self._surges: dict[str, int] = {}

    def decided(self, controller: Controller, start: StartReplica) -> None:
        """Such a start keeps within the capacity of a node that is up, and joins one other attempt
        at most."""
        wanted = controller.cluster.desired.now.nodes
        hold(not wanted[start.node].down, f"{start} was decided, but {start.node} is down")
        known = controller.cluster.observed.replicas.values()
        _no_node_over_capacity(controller, known, [start.node])
        there = [one.id for one in known if one.active and one.id.key == start.id.key]
        hold(len(there) <= 2, f"a third attempt in one slot: {there}")

    def look(self, controller: Controller, world: World, *, honest: bool) -> None:
        """All of it."""
        self._remember_surges(controller)
        if honest:
            known = controller.cluster.observed.replicas
            self._no_more_than_surge(known.values())
            nodes = controller.cluster.desired.now.nodes
            _no_node_over_capacity(controller, known.values(), nodes)
            _world_is_as_believed(known, world)

    def _remember_surges(self, controller: Controller) -> None:
        # A surge that began is not broken off because the service is scaled down meanwhile.
        for name, wanted in controller.cluster.desired.now.services.items():
            self._surges[name] = max(surge(wanted.spec.replicas), self._surges.get(name, 0))

    def _no_more_than_surge(self, known: Iterable[Replica]) -> None:
        attempts = Counter(one.id.key for one in known if one.active)
        hold(max(attempts.values(), default=0) <= 2, f"three attempts in one slot: {attempts}")
        for name, count in Counter(
            key.service for key, number in attempts.items() if number > 1
        ).items():
            allowed = self._surges[name]
            hold(count <= allowed, f"{name}: {count} slots are double, not {allowed}")


def _no_node_over_capacity(
    controller: Controller, known: Iterable[Replica], nodes: Iterable[str]
) -> None:
    holding = [one for one in known if one.phase is not Phase.EXITED]
    for name in nodes:
        node = controller.cluster.desired.now.nodes.get(name)
        if node is None:
            continue
        cpu = sum(one.cpu_millicores for one in holding if one.node == name)
        memory = sum(one.memory_bytes for one in holding if one.node == name)
        capacity = node.spec.capacity
        hold(cpu <= capacity.cpu_millicores, f"{name}: {cpu}m of CPU are promised")
        hold(memory <= capacity.memory_bytes, f"{name}: {memory} B of memory are promised")


def _world_is_as_believed(known: Mapping[ReplicaId, Replica], world: World) -> None:
    for replica in world:
        if replica.running:
            one = known.get(replica.id)
            hold(one is not None, f"{replica.id} runs and is not known")
            assert one is not None
            hold(one.phase is not Phase.EXITED, f"{replica.id} runs and is believed to be over")


def room_is_kept(controller: Controller) -> None:
    """What is kept of who holds room where is what would be found anew."""
    nodes, observed = controller.cluster.desired.now.nodes, controller.cluster.observed
    anew = Room.of(nodes, observed.replicas.values())
    hold(observed.room(nodes).nodes == anew.nodes, "the kept cluster is not what replicas hold")


# -- at rest --------------------------------------------------------------------------------------


def unrest(controller: Controller, world: World) -> str:
    """What is not yet as wanted, "" once all is."""
    known = controller.cluster.observed.replicas
    by_slot: dict[SlotKey, list[Replica]] = defaultdict(list)
    for replica in known.values():
        by_slot[replica.id.key].append(replica)
    running = {replica.id for replica in world if replica.running}
    believed = {one.id for one in known.values() if one.phase is not Phase.EXITED}
    if running != believed:
        return f"running {sorted(running)}, believed {sorted(believed)}"
    down = {name for name, node in controller.cluster.desired.now.nodes.items() if node.down}
    if lost := [replica.id for replica in world if replica.running and replica.node in down]:
        return f"on nodes that are down run {lost}"
    if controller.watcher.degraded:
        return "the engine does not answer"
    if controller.cluster.desired.deleting:
        return f"still deleting {controller.cluster.desired.deleting}"
    over = Counter(key.service for key in by_slot if _is_over(controller, by_slot[key]))
    for key in sorted(_slots(controller) | by_slot.keys()):
        if why := _unsettled(controller, key, by_slot[key], over[key.service]):
            return f"{key.name}: {why}"
    return ""


def _slots(controller: Controller) -> set[SlotKey]:
    return {
        SlotKey(name, slot)
        for name, wanted in controller.cluster.desired.now.services.items()
        for slot in range(1, wanted.spec.replicas + 1)
    }


def _is_over(controller: Controller, there: list[Replica]) -> bool:
    """Whether the newest attempt is of the wanted revision (of any, while its rollout is paused),
    has ended and is to stay so."""
    newest = max(there, key=lambda one: one.id.attempt, default=None)
    wanted = controller.cluster.desired.now.services.get(newest.id.service) if newest else None
    if newest is None or wanted is None or newest.exit is None:
        return False
    policy = wanted.spec.restart.policy
    counts = wanted.paused or newest.revision == wanted.revision
    return counts and not should_restart(policy, newest.exit)


def _unsettled(controller: Controller, key: SlotKey, there: list[Replica], over: int) -> str:
    """Why the slot is not as wanted. `over`: how many of its service have ended for good."""
    living = [one for one in there if one.phase is not Phase.EXITED]
    if key not in _slots(controller):
        return f"its slot is gone, and it has {there}" if there else ""
    if key in controller.pending:
        return _fits(controller, key, living)
    wanted = controller.cluster.desired.now.services[key.service]
    revisions = {one.revision for one in living} if wanted.paused else {wanted.revision}
    if [one.ready for one in living] == [True] and living[0].revision in revisions:
        return ""
    if _is_over(controller, there):
        return ""
    # Replacements that have ended for good stop a rollout: what serves goes on.
    if len(living) == 1 and living[0].ready and over >= surge(wanted.spec.replicas):
        return ""
    return f"it has {there}"


def _fits(controller: Controller, key: SlotKey, living: list[Replica]) -> str:
    """Where a pending slot would fit, "" if nowhere."""
    if any(not one.ready for one in living):
        return f"pending, and it has {living}"
    desired = controller.cluster.desired.now
    spec = desired.services[key.service].spec
    for name, node in desired.nodes.items():
        used = sum(
            one.cpu_millicores
            for one in controller.cluster.observed.replicas.values()
            if one.node == name and one.phase is not Phase.EXITED
        )
        labels, selector = node.spec.labels, spec.placement.node_selector
        matches = all(labels.get(label) == value for label, value in selector.items())
        room = node.spec.capacity.cpu_millicores - used >= spec.resources.request_cpu_millicores
        if node.schedulable and matches and room:
            return f"pending, and there is room on {name}"
    return ""


# -- what events say ------------------------------------------------------------------------------

_OVER = ("stopped", "exited")


def events_tell(
    controller: Controller,
    running: set[ReplicaId],
    untold: Mapping[ReplicaId, float],
    *,
    honest: bool,
) -> None:
    """Serials have no gap; by its events each replica runs or is over as it is, and none that is
    over runs again. `untold` ended before these times, without a controller to tell of it."""
    events = controller.store.events(limit=10_000)
    serials = [event.serial for event in events]
    hold(serials == list(range(serials[0], serials[0] + len(serials))), "a gap in the serials")
    started: set[str] = set()
    over: set[str] = set()
    silent = {str(id_): time for id_, time in untold.items()}
    for event in events:
        if event.reason == "Deleted":
            # A service of that name that comes later begins with first attempts.
            gone = tuple(one for one in started | over if one.startswith(f"{event.object[8:]}-"))
            started.difference_update(gone)
            over.difference_update(gone)
        id_, _, rest = event.message.partition(" ")
        if not event.object.startswith("replica/") or not id_.startswith(event.object[8:] + "."):
            continue
        if event.reason == "Started":
            hold(id_ not in over or not honest, f"{id_} is started after its end")
            over.discard(id_)
            started.add(id_)
            if event.time > silent.get(id_, event.time):
                # It had never run; its service was deleted then, and came back with first attempts.
                del silent[id_]
        elif rest.startswith(_OVER):
            over.add(id_)
    hold(
        {str(id_) for id_ in running} == started - over - silent.keys() or not honest,
        "events tell otherwise",
    )
