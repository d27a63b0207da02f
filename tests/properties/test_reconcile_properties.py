"""What is true of every plan, and of where plans lead."""

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.reconcile import reconcile
from orchestrator.core.restart import should_restart
from orchestrator.core.rollout import surge
from orchestrator.core.slots import is_lost
from orchestrator.model.plan import KillReplica, Plan, StartReplica, StopReplica
from orchestrator.model.state import Desired, Exit, Observed, Phase, SlotKey
from tests.properties.clusters import desires, node, observations, service
from tests.properties.world import World

steady = settings(deadline=None, derandomize=True, max_examples=60)
seeds = st.integers(0, 2**32).map(Random)


def starts(plan: Plan) -> list[StartReplica]:
    return [action for action in plan.actions if isinstance(action, StartReplica)]


def stops(plan: Plan) -> list[StopReplica]:
    return [action for action in plan.actions if isinstance(action, StopReplica)]


def kills(plan: Plan) -> list[KillReplica]:
    return [action for action in plan.actions if isinstance(action, KillReplica)]


def check_room(desired: Desired, observed: Observed, plan: Plan) -> None:
    """Where a start is planned, everything on the node fits together."""
    cpu: Counter[str] = Counter()
    memory: Counter[str] = Counter()
    for replica in observed.replicas:
        if replica.phase is not Phase.EXITED:
            cpu[replica.node] += replica.cpu_millicores
            memory[replica.node] += replica.memory_bytes
    for action in starts(plan):
        resources = desired.services[action.id.service].spec.resources
        cpu[action.node] += resources.request_cpu_millicores
        memory[action.node] += resources.request_memory_bytes
    for action in starts(plan):
        capacity = desired.nodes[action.node].spec.capacity
        assert cpu[action.node] <= capacity.cpu_millicores
        assert memory[action.node] <= capacity.memory_bytes


def check_counts(world: World, plan: Plan) -> None:
    """No more than N + surge active replicas come from a plan, nor more than two in a slot."""
    stopped = {action.id for action in stops(plan)} | {action.id for action in kills(plan)}
    for name, wanted in world.desired.services.items():
        kept = [replica.id for replica in world.active(name) if replica.id not in stopped]
        new = [action.id for action in starts(plan) if action.id.service == name]
        most = wanted.spec.replicas + surge(wanted.spec.replicas)
        assert not new or len(kept) + len(new) <= max(most, len(kept))
        assert max(Counter(id_.key for id_ in kept + new).values(), default=0) <= 2


def check_end(world: World, plan: Plan) -> None:
    """Each wanted slot has its one ready replica of the wanted revision (of any, if paused), or
    waits for a node, or is over; nothing else is left."""
    pending = {one.key for one in plan.pending}
    active = Counter(replica.id.key for replica in world.replicas.values() if replica.active)
    wanted = {
        SlotKey(name, slot)
        for name, service in world.desired.services.items()
        for slot in range(1, service.spec.replicas + 1)
    }
    assert set(active) <= wanted
    for key in wanted:
        assert active[key] == 1 or (active[key] == 0 and (key in pending or is_over(world, key)))
    for replica in world.replicas.values():
        if replica.active and replica.id.key not in pending:
            assert replica.ready
            service = world.desired.services[replica.id.service]
            assert service.paused or replica.revision == service.revision
            assert not world.desired.nodes[replica.node].draining
        assert not is_lost(replica, world.desired)
    ended = Counter(one.id.key for one in world.replicas.values() if not one.active)
    assert all(count == 1 and key in wanted for key, count in ended.items())


def is_over(world: World, key: SlotKey) -> bool:
    newest = max(
        (one for one in world.replicas.values() if one.id.key == key), key=lambda one: one.id
    )
    policy = world.desired.services[key.service].spec.restart.policy
    return not should_restart(policy, newest.exit or Exit())


def updated(world: World) -> bool:
    """Whether every active replica of the one service runs revision b."""
    return {one.revision for one in world.active("web")} == {"b"}


# -- one plan -------------------------------------------------------------------------------------


@steady
@given(desires(), observations())
def test_it_never_overcommits_a_node(desired: Desired, observed: Observed) -> None:
    check_room(desired, observed, reconcile(desired, observed, 5.0))


@steady
@given(desires(), observations())
def test_it_starts_only_on_nodes_that_may_be_used(desired: Desired, observed: Observed) -> None:
    for action in starts(reconcile(desired, observed, 5.0)):
        place = desired.nodes[action.node]
        selector = desired.services[action.id.service].spec.placement.node_selector
        assert place.schedulable
        assert selector.items() <= place.spec.labels.items()


@steady
@given(desires(), observations())
def test_it_never_holds_more_than_count_and_surge(desired: Desired, observed: Observed) -> None:
    world = World(desired, observed)
    check_counts(world, world.plan())


@steady
@given(desires(), observations())
def test_attempt_numbers_only_grow(desired: Desired, observed: Observed) -> None:
    for action in starts(reconcile(desired, observed, 5.0)):
        used = [one.id.attempt for one in observed.replicas if one.id.key == action.id.key]
        remembered = observed.slots.get(action.id.key)
        assert action.id.attempt > max([0, *used])
        assert remembered is None or action.id.attempt > remembered.last_attempt


@steady
@given(desires(), observations())
def test_each_replica_is_acted_on_once(desired: Desired, observed: Observed) -> None:
    plan = reconcile(desired, observed, 5.0)
    assert max(Counter(action.id for action in plan.actions).values(), default=0) <= 1
    there = {replica.id: replica for replica in observed.replicas}
    assert all(there[action.id].active for action in stops(plan))
    placed = {action.id.key for action in starts(plan)}
    assert not placed & {one.key for one in plan.pending}


@steady
@given(desires(), observations(), st.sets(st.sampled_from(("api", "db", "web"))))
def test_services_that_were_not_asked_about_are_untouched(
    desired: Desired, observed: Observed, asked: set[str]
) -> None:
    plan = reconcile(desired, observed, 5.0, asked)
    lost = {action.id for action in kills(plan)}
    named = {action.id.service for action in plan.actions if action.id not in lost} | {
        one.key.service for one in plan.pending
    }
    assert named <= asked
    assert lost == {one.id for one in observed.replicas if is_lost(one, desired)}
    check_room(desired, observed, plan)


@steady
@given(desires(), observations(), seeds)
def test_the_order_of_its_input_does_not_matter(
    desired: Desired, observed: Observed, random: Random
) -> None:
    replicas = list(observed.replicas)
    random.shuffle(replicas)
    shuffled = Observed(tuple(replicas), dict(reversed(list(observed.slots.items()))))
    turned = Desired(
        dict(reversed(list(desired.services.items()))), dict(reversed(list(desired.nodes.items())))
    )
    assert reconcile(turned, shuffled, 5.0) == reconcile(desired, observed, 5.0)


@steady
@given(desires(), observations())
def test_nothing_changes_before_the_time_to_wake(desired: Desired, observed: Observed) -> None:
    plan = reconcile(desired, observed, 0.0)
    until = plan.wake_at if plan.wake_at is not None else 1000.0
    assert reconcile(desired, observed, until - 0.001) == plan
    assert plan.wake_at is None or reconcile(desired, observed, plan.wake_at) != plan


# -- where plans lead -----------------------------------------------------------------------------


@steady
@given(desires(), observations())
def test_every_cluster_converges_and_then_nothing_is_left_to_do(
    desired: Desired, observed: Observed
) -> None:
    world = World(desired, observed)
    plan = world.converge()
    check_end(world, plan)
    assert not world.plan().actions


@steady
@given(desires(), observations(), seeds)
def test_it_converges_however_often_the_controller_dies_and_however_rarely_it_looks(
    desired: Desired, observed: Observed, random: Random
) -> None:
    world = World(desired, observed)
    check_end(world, world.converge(random))


@steady
@given(
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abc")), min_size=1, max_size=4),
    seeds,
)
def test_with_room_the_end_is_the_same_whatever_happened_on_the_way(
    changes: list[tuple[int, str]], random: Random
) -> None:
    nodes = {name: node(name, 3000) for name in ("n1", "n2")}
    troubled = World(Desired({}, nodes))
    for replicas, revision in changes:
        troubled.desired = Desired({"web": service("web", replicas, revision)}, nodes)
        for _ in range(random.randint(0, 6)):
            plan = troubled.plan()
            check_counts(troubled, plan)
            check_room(troubled.desired, troubled.observed, plan)
            for action in plan.actions[: random.randint(0, len(plan.actions))]:
                troubled.do(action)
            troubled.advance_some(random)
            if troubled.replicas and random.random() < 0.3:
                troubled.crash(random.choice(list(troubled.replicas)))
    calm = World(troubled.desired)
    for world in (calm, troubled):
        plan = world.converge()
        check_end(world, plan)
        assert plan.empty
    assert {one.id.key for one in calm.active("web")} == {
        one.id.key for one in troubled.active("web")
    }


@steady
@given(st.integers(1, 9), seeds)
def test_while_a_rollout_is_paused_only_what_dies_gets_the_new_revision(
    replicas: int, random: Random
) -> None:
    nodes = {"n1": node("n1", 3000)}
    world = World(Desired({"web": service("web", replicas, "a")}, nodes))
    world.converge()
    before = {one.id for one in world.active("web")}
    world.desired = Desired({"web": service("web", replicas, "b", paused=True)}, nodes)
    dead = {id_ for id_ in before if random.random() < 0.3}
    for id_ in dead:
        world.crash(id_)
    plan = world.converge(random)
    check_end(world, plan)
    after = {one.id: one.revision for one in world.active("web")}
    assert {id_ for id_, revision in after.items() if revision == "a"} == before - dead
    assert {id_.key for id_, revision in after.items() if revision == "b"} == {
        id_.key for id_ in dead
    }


@steady
@given(st.integers(1, 9), seeds)
def test_with_room_an_update_never_takes_a_serving_slot_away(replicas: int, random: Random) -> None:
    nodes = {name: node(name, 3000) for name in ("n1", "n2")}
    world = World(Desired({"web": service("web", replicas)}, nodes))
    world.converge()
    world.desired = Desired({"web": service("web", replicas, "b")}, nodes)
    while not updated(world):
        for action in world.plan().actions:
            world.do(action)
        assert world.serving("web") == set(range(1, replicas + 1))
        world.advance_some(random)
    check_end(world, world.converge())


@steady
@given(st.integers(1, 6), seeds)
def test_without_room_an_update_takes_away_one_slot_at_a_time(
    replicas: int, random: Random
) -> None:
    full = {"n1": node("n1", 100 * replicas)}
    world = World(Desired({"web": service("web", replicas)}, full))
    world.converge()
    world.desired = Desired({"web": service("web", replicas, "b")}, full)
    while not updated(world):
        for action in world.plan().actions:
            world.do(action)
        assert len(world.serving("web")) >= replicas - 1
        world.advance_some(random)
    check_end(world, world.converge())


@steady
@given(st.integers(1, 9), st.booleans(), seeds)
def test_a_revision_that_crashes_takes_down_nothing_it_need_not(
    replicas: int, roomy: bool, random: Random
) -> None:
    nodes = {"n1": node("n1", 3000 if roomy else 100 * replicas)}
    world = World(Desired({"web": service("web", replicas)}, nodes))
    world.converge()
    world.desired = Desired({"web": service("web", replicas, "b")}, nodes)
    world.crashing = "b"
    for _ in range(60):
        plan = world.plan()
        check_counts(world, plan)
        for action in plan.actions:
            world.do(action)
        world.advance_some(random)
        world.now += random.choice((0.0, 1.0, 30.0))
        assert len(world.serving("web")) >= (replicas if roomy else replicas - 1)
    world.desired = Desired({"web": service("web", replicas, "a")}, nodes)
    check_end(world, world.converge())


@steady
@given(st.integers(0, 8), st.sampled_from((100, 250, 500)), st.booleans())
def test_a_drained_node_ends_empty(replicas: int, cpu_millicores: int, roomy: bool) -> None:
    nodes = {"n1": node("n1"), "n2": node("n2", 3000 if roomy else 500)}
    wanted = {"web": service("web", replicas, cpu_millicores=cpu_millicores, strategy="spread")}
    world = World(Desired(wanted, nodes))
    world.converge()
    world.desired = Desired(wanted, nodes | {"n1": node("n1", cordoned=True, draining=True)})
    plan = world.converge()
    check_end(world, plan)
    assert not [one for one in world.active("web") if one.node == "n1"]
    if roomy and replicas * cpu_millicores <= 3000:
        assert plan.empty


@steady
@given(st.integers(0, 8), st.sampled_from((100, 250, 500)), st.booleans())
def test_what_a_crashed_node_ran_comes_back_elsewhere(
    replicas: int, cpu_millicores: int, roomy: bool
) -> None:
    nodes = {"n1": node("n1"), "n2": node("n2", 3000 if roomy else 500)}
    wanted = {"web": service("web", replicas, cpu_millicores=cpu_millicores, strategy="spread")}
    world = World(Desired(wanted, nodes))
    world.converge()
    lost = {one.id for one in world.active("web") if one.node == "n1"}
    world.desired = Desired(wanted, nodes | {"n1": node("n1", down=True)})
    assert {action.id for action in kills(world.plan())} == lost
    plan = world.converge()
    check_end(world, plan)
    assert not any(history.failures for history in world.slots.values())
    if roomy and replicas * cpu_millicores <= 3000:
        assert plan.empty


@steady
@given(st.integers(1, 6), seeds)
def test_a_replica_that_failed_its_probe_comes_back_as_a_new_attempt(
    replicas: int, random: Random
) -> None:
    world = World(Desired({"web": service("web", replicas)}, {"n1": node("n1")}))
    world.converge()
    victim = random.choice(world.active("web"))
    world.replicas[victim.id] = type(victim)(
        **{name: getattr(victim, name) for name in victim.__slots__} | {"alive": False}
    )
    plan = world.plan()
    assert [(action.id, action.failed) for action in stops(plan)] == [(victim.id, True)]
    check_end(world, world.converge())
    assert world.slots[victim.id.key].failures == 1


@steady
@given(desires(), observations())
def test_room_that_comes_free_matters_only_to_services_that_are_short_of_it(
    desired: Desired, observed: Observed
) -> None:
    """So a replica's end needs a look at its own service and at these, and at no other."""
    over = tuple(
        one if one.id.service == "web" else replace(one, phase=Phase.EXITED, exit=Exit(1))
        for one in observed.replicas
    )
    before = reconcile(desired, observed, 5.0, {"web"})
    after = reconcile(desired, replace(observed, replicas=over), 5.0, {"web"})
    if "web" not in before.short:
        assert str(_without_nodes(after)) == str(_without_nodes(before))


def _without_nodes(plan: Plan) -> Plan:
    """Where a start goes may change with the room there is; a node that is down takes all."""
    actions = [
        replace(one, node="") if isinstance(one, StartReplica) else one
        for one in plan.actions
        if not isinstance(one, KillReplica)
    ]
    return replace(plan, actions=tuple(actions))
