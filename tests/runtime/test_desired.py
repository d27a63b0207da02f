"""What is wanted: each change whole, on disk, and none of it more than was asked for."""

import pytest

from orchestrator.model.errors import ConflictError, InvalidRequestError, NotFoundError, StateError
from orchestrator.model.timing import DEMO
from orchestrator.runtime.desired import LOCAL_NODE, Change, DesiredState
from orchestrator.runtime.store import Store
from tests.runtime.conftest import Open, node, service


@pytest.fixture
def desired(store: Store) -> DesiredState:
    """Nothing is wanted yet."""
    return DesiredState(store, DEMO)


def test_without_nodes_there_is_this_machine(desired: DesiredState) -> None:
    assert set(desired.now.nodes) == {LOCAL_NODE}
    desired.apply(Change(nodes=(node("n1"),)))
    assert set(desired.now.nodes) == {"n1"}


def test_what_is_applied_is_wanted_by_the_next_controller_too(
    open_store: Open, desired: DesiredState
) -> None:
    desired.apply(Change((service(replicas=2),), (node("n1"),), sources={"web": "digest"}))
    again = DesiredState(open_store(), DEMO)
    assert again.now == desired.now
    assert again.source("web") == "digest"
    assert again.now.serial == 1


def test_each_change_counts_once_and_no_change_not_at_all(desired: DesiredState) -> None:
    assert desired.apply(Change((service(),))) == {"web"}
    assert desired.now.serial == 1
    assert desired.apply(Change((service(),))) == set()
    assert desired.now.serial == 1
    desired.scale("web", 2)
    assert desired.now.serial == 2


def test_a_proposal_changes_nothing(open_store: Open, desired: DesiredState) -> None:
    desired.apply(Change((service(replicas=1),)))
    before = desired.now
    proposed = desired.propose(Change((service(replicas=5), service("new")), (node("n1"),)))
    assert set(proposed.services) == {"web", "new"}
    assert proposed.serial == before.serial + 1
    assert desired.now is before
    assert DesiredState(open_store(), DEMO).now == before


def test_what_is_not_named_stays_unless_pruned(desired: DesiredState) -> None:
    desired.apply(Change((service("a"), service("b")), (node("n1"), node("n2"))))
    desired.apply(Change((service("c"),), (node("n3"),)))
    assert set(desired.now.services) == {"a", "b", "c"}
    assert set(desired.now.nodes) == {"n1", "n2", "n3"}
    assert desired.apply(Change((service("c"),), (node("n3"),), prune=True)) == {"a", "b"}
    assert set(desired.now.services) == {"c"}
    assert set(desired.now.nodes) == {"n3"}
    assert desired.deleting == {"a", "b"}


def test_a_manifest_without_a_count_keeps_the_scale(desired: DesiredState) -> None:
    desired.apply(Change((service(),)))
    desired.scale("web", 4)
    desired.apply(Change((service(env={"A": "1"}),)))
    assert desired.now.services["web"].spec.replicas == 4
    desired.apply(Change((service(replicas=2),)))
    assert desired.now.services["web"].spec.replicas == 2


def test_the_number_of_replicas_is_no_new_revision(desired: DesiredState) -> None:
    desired.apply(Change((service(),)))
    revision = desired.now.services["web"].revision
    desired.scale("web", 3)
    assert desired.now.services["web"].revision == revision


@pytest.mark.parametrize("count", [-1, 10**9])
def test_a_count_that_cannot_be_is_refused(desired: DesiredState, count: int) -> None:
    desired.apply(Change((service(),)))
    with pytest.raises(InvalidRequestError, match="replicas"):
        desired.scale("web", count)
    assert desired.now.serial == 1


def test_a_restart_is_a_new_revision_that_lasts(open_store: Open, desired: DesiredState) -> None:
    desired.apply(Change((service(),)))
    first = desired.now.services["web"].revision
    desired.restart("web")
    second = desired.now.services["web"].revision
    assert second != first
    desired.apply(Change((service(),)))
    assert desired.now.services["web"].revision == second
    assert DesiredState(open_store(), DEMO).now.services["web"].revision == second


def test_a_pause_lasts_until_it_is_resumed_whoever_applies_what(
    open_store: Open, desired: DesiredState
) -> None:
    desired.apply(Change((service(),)))
    assert [desired.set_paused("web", paused=True) for _ in range(2)] == [True, False]
    desired.apply(Change((service(env={"A": "1"}),), prune=True))
    again = DesiredState(open_store(), DEMO)
    for state in (desired, again):
        assert state.now.services["web"].paused
    assert again.set_paused("web", paused=False)
    assert not DesiredState(open_store(), DEMO).now.services["web"].paused


def test_a_pause_ends_with_its_service(desired: DesiredState) -> None:
    desired.apply(Change((service(),)))
    desired.set_paused("web", paused=True)
    desired.delete("web")
    desired.apply(Change((service(),)))
    assert not desired.now.services["web"].paused


def test_a_restart_of_what_is_paused_is_refused(desired: DesiredState) -> None:
    """As kubectl refuses it: nothing would come of it."""
    desired.apply(Change((service(),)))
    desired.set_paused("web", paused=True)
    before = desired.now
    with pytest.raises(ConflictError, match="the rollout of 'web' is paused") as refused:
        desired.restart("web")
    assert refused.value.remedy == "first: orch rollout resume web"
    assert desired.now is before


def test_new_sources_are_a_new_revision(desired: DesiredState) -> None:
    desired.apply(Change((service(),), sources={"web": "one"}))
    first = desired.now.services["web"].revision
    assert desired.apply(Change((service(),), sources={"web": "two"})) == {"web"}
    assert desired.now.services["web"].revision != first


def test_a_deleted_service_is_deleting_until_it_is_forgotten(
    open_store: Open, desired: DesiredState
) -> None:
    desired.apply(Change((service(),)))
    desired.delete("web")
    assert (set(desired.now.services), desired.deleting) == (set(), {"web"})
    again = DesiredState(open_store(), DEMO)
    assert (set(again.now.services), again.deleting) == (set(), {"web"})
    again.forget("web")
    assert again.deleting == set()
    assert DesiredState(open_store(), DEMO).deleting == set()


def test_a_service_applied_again_is_deleting_no_more(
    open_store: Open, desired: DesiredState
) -> None:
    desired.apply(Change((service(),)))
    desired.delete("web")
    desired.apply(Change((service(),)))
    assert desired.deleting == set()
    assert DesiredState(open_store(), DEMO).deleting == set()


def test_marks_stay_when_a_node_is_applied_again(open_store: Open, desired: DesiredState) -> None:
    desired.apply(Change(nodes=(node("n1"),)))
    desired.mark_node("n1", cordoned=True, draining=True)
    desired.apply(Change(nodes=(node("n1", cpu="2"),)))
    for state in (desired, DesiredState(open_store(), DEMO)):
        marked = state.now.nodes["n1"]
        assert (marked.cordoned, marked.draining, marked.schedulable) == (True, True, False)
        assert marked.spec.capacity.cpu_millicores == 2000


def test_nodes_are_down_until_they_are_up_all_or_none(
    open_store: Open, desired: DesiredState
) -> None:
    desired.apply(Change(nodes=(node("n1"), node("n2"))))
    serial = desired.now.serial
    with pytest.raises(NotFoundError, match="no node is named 'n9'"):
        desired.set_down(["n1", "n9"], down=True)
    assert not desired.now.nodes["n1"].down
    assert desired.set_down(["n1", "n2"], down=True) == ["n1", "n2"]
    assert desired.set_down(["n2"], down=True) == []
    assert desired.now.serial == serial + 1
    desired.apply(Change(nodes=(node("n1", cpu="2"),)))
    desired.mark_node("n2", cordoned=True, draining=False)
    again = DesiredState(open_store(), DEMO)
    for state in (desired, again):
        assert [(one.down, one.schedulable) for one in state.now.nodes.values()] == [
            (True, False), (True, False),
        ]  # fmt: skip
    assert again.set_down(["n1"], down=False) == ["n1"]
    assert again.now.nodes["n1"].schedulable


def test_the_machine_itself_can_be_marked(open_store: Open, desired: DesiredState) -> None:
    desired.mark_node(LOCAL_NODE, cordoned=True, draining=False)
    assert not desired.now.nodes[LOCAL_NODE].schedulable
    assert not DesiredState(open_store(), DEMO).now.nodes[LOCAL_NODE].schedulable


def test_two_services_on_one_port_are_refused(desired: DesiredState) -> None:
    desired.apply(Change((service("a", port=80, proxy={"listen": 8080}),)))
    for attempt in (desired.propose, desired.apply):
        with pytest.raises(ConflictError, match="'a' and 'b' both listen on port 8080"):
            attempt(Change((service("b", port=80, proxy={"listen": 8080}),)))
    assert set(desired.now.services) == {"a"}
    desired.apply(Change((service("b", port=80, proxy={"listen": 8080}),), prune=True))
    assert set(desired.now.services) == {"b"}


def test_services_share_a_port_by_host_or_path(desired: DesiredState) -> None:
    desired.apply(Change((service("a", port=80, proxy={"listen": 8080, "hosts": ["a.test"]}),)))
    desired.apply(Change((service("b", port=80, proxy={"listen": 8080}),)))
    desired.apply(Change((service("c", port=80, proxy={"listen": 8080, "path": "/c"}),)))
    desired.apply(Change((service("d", port=80, proxy={"listen": 8080, "host": "::1"}),)))
    assert set(desired.now.services) == {"a", "b", "c", "d"}
    with pytest.raises(ConflictError, match="'c' and 'e' both listen on port 8080") as refused:
        desired.apply(Change((service("e", port=80, proxy={"listen": 8080, "path": "/c/"}),)))
    assert "delete 'c' first" in refused.value.remedy


def test_unknown_names_are_told_what_there_is(desired: DesiredState) -> None:
    desired.apply(Change((service(),)))
    with pytest.raises(NotFoundError, match="no service is named 'wep'") as found:
        desired.scale("wep", 1)
    assert found.value.remedy == "there are: web"
    with pytest.raises(NotFoundError, match="no service is named 'wep'"):
        desired.set_paused("wep", paused=True)
    with pytest.raises(NotFoundError, match="no node is named 'n9'"):
        desired.mark_node("n9", cordoned=True, draining=False)


def test_what_cannot_be_written_is_not_wanted(store: Store, desired: DesiredState) -> None:
    """Fault 19."""
    desired.apply(Change((service(),)))
    before = desired.now
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StateError):
        desired.apply(Change((service("big", env={"BIG": "x" * 200_000}),)))
    assert desired.now is before
    assert set(store.services()) == {"web"}
