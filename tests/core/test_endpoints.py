"""Who may be sent requests."""

from dataclasses import replace

from orchestrator.core.endpoints import Routable, asleep, departed, routable
from orchestrator.model.state import Endpoint, ReplicaId
from tests.core.notation import state


def test_only_ready_replicas_of_wanted_services_are_routed_to() -> None:
    desired, observed = state(
        """
        node n1 zone=a
        web 9@a
        api 1@a
        web-10.1 n1@a ready
        web-2.1 n1@a ready
        web-3.1 n1@a running
        web-4.1 n1@a starting
        web-5.1 n1@a stopping ready
        web-6.1 n1@a exit=1
        web-7.1 n1@a ready failed
        old-1.1 n1@a ready
        """
    )
    found = routable(desired, observed)
    assert {name: [str(one.id) for one in ready] for name, ready in found.items()} == {
        "web": ["web-2.1", "web-10.1"],
        "api": [],
    }
    assert found["web"][0] == Routable(
        ReplicaId("web", 2, 1), Endpoint("127.0.0.1", 9002), "n1", "a", "a"
    )


def test_during_a_surge_both_attempts_serve() -> None:
    desired, observed = state("web 1@b\nweb-1.2 n1@b ready\nweb-1.1 n1@a ready")
    assert [str(one.id) for one in routable(desired, observed)["web"]] == ["web-1.1", "web-1.2"]


def test_a_node_that_is_gone_has_no_zone_and_no_endpoint_means_no_route() -> None:
    desired, observed = state("web 2@a\nweb-1.1 gone@a ready\nweb-2.1 n1@a ready")
    nowhere = replace(observed.replicas[1], endpoint=None)
    (found,) = routable(desired, replace(observed, replicas=(observed.replicas[0], nowhere)))["web"]
    assert (found.node, found.zone) == ("gone", "")


def test_departed_is_who_ended_is_known_no_more_or_has_no_address() -> None:
    _, observed = state(
        """
        web 9@a
        web-1.1 n1@a ready
        web-2.1 n1@a running
        web-3.1 n1@a stopping
        web-4.1 n1@a ready
        web-5.1 n1@a exit=1
        web-6.1 n1@a ready
        """
    )
    replicas = [
        replace(one, endpoint=None) if one.id.slot == 4 else one for one in observed.replicas
    ]
    asked = [f"web-{slot}.1" for slot in (1, 2, 3, 4, 5, 7)]
    assert departed(asked, replicas) == {"web-4.1", "web-5.1", "web-7.1"}
    assert departed([], replicas) == frozenset()


def sleepers(text: str, *before: str) -> set[str]:
    desired, observed = state(text)
    return set(asleep(desired, routable(desired, observed), before))


def test_a_service_with_0_replicas_sleeps_until_the_first_is_ready() -> None:
    assert sleepers("web 0@a") == {"web"}
    assert sleepers("web 0@a\nweb-1.1 n1@a ready") == {"web"}
    assert sleepers("web 1@a", "web") == {"web"}
    assert sleepers("web 1@a\nweb-1.1 n1@a running", "web") == {"web"}
    assert sleepers("web 2@a\nweb-1.1 n1@a ready", "web") == set()


def test_a_service_that_lost_its_replicas_or_never_had_any_does_not_sleep() -> None:
    assert sleepers("web 2@a\nweb-1.1 n1@a exit=1") == set()
    assert sleepers("web 2@a") == set()
    assert sleepers("api 1@a", "web") == set()
