"""What `orch plan` shows, as text."""

from dataclasses import replace

from orchestrator.core.forecast import forecast
from orchestrator.core.preview import preview
from orchestrator.core.render import render
from orchestrator.model.revision import revision_of
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.state import Desired, Node, Observed, Service
from orchestrator.model.timing import DEMO, with_timing
from tests.core.notation import lines, state

NODES = (("n1", "1"), ("n2", "1"))


def wanted(
    *services: dict[str, object], nodes: tuple[tuple[str, str], ...] = NODES, source: str = ""
) -> Desired:
    specs = [ServiceSpec.model_validate({"image": "app:1", **fields}) for fields in services]
    return Desired(
        {one.name: Service(with_timing(one, DEMO), revision_of(one, source)) for one in specs},
        {name: _node(name, cpu) for name, cpu in nodes},
    )


def _node(name: str, cpu: str) -> Node:
    return Node(NodeSpec.model_validate({"name": name, "capacity": {"cpu": cpu, "memory": "1Gi"}}))


def web(**fields: object) -> dict[str, object]:
    return {"name": "web", "replicas": 2, **fields}


def at_rest(desired: Desired) -> Observed:
    return forecast(desired, Observed(), 0.0).observed


def shown(desired: Desired, proposed: Desired, observed: Observed | None = None) -> str:
    """The text of the plan without the bars, whitespace aside."""
    seen = preview(desired, proposed, observed or at_rest(desired), 0.0)
    return "\n".join(line for line in lines(render(seen)).splitlines() if "░" not in line)


def test_the_whole_text() -> None:
    proposed = wanted(web(resources={"requests": {"cpu": "700m", "memory": "512Mi"}}))
    expected = """
Services:
  + service web (2 replicas of app:1, cpu 700m, memory 512Mi each)

Replicas:
  + web-1 on n1: service created
  + web-2 on n2: service created

Scheduler:
  n1  cpu     ░░░░░░░░░░░░░░░░░░░░   0% -> ██████████████░░░░░░  70%  700m of 1
      memory  ░░░░░░░░░░░░░░░░░░░░   0% -> ██████████░░░░░░░░░░  50%  512Mi of 1Gi
  n2  cpu     ░░░░░░░░░░░░░░░░░░░░   0% -> ██████████████░░░░░░  70%  700m of 1
      memory  ░░░░░░░░░░░░░░░░░░░░   0% -> ██████████░░░░░░░░░░  50%  512Mi of 1Gi
  Every replica has a node.

Plan: 3 to add, 0 to change, 0 to destroy.
"""
    seen = preview(wanted(), proposed, Observed(), 0.0)
    assert render(seen) == expected.strip("\n")


def test_nothing_to_do() -> None:
    same = wanted(web())
    assert shown(same, same) == "No changes. What runs is what the manifests want."


def test_a_paused_rollout_is_told_of_with_the_way_on() -> None:
    """Whether it is about to stand still or does so already."""
    before, after = wanted(web()), wanted(web(image="app:2"))
    paused = replace(after, services={"web": replace(after.services["web"], paused=True)})
    held = (
        "The rollout of web is paused: 2 of 2 replicas not updated until: orch rollout resume web"
    )
    assert shown(before, paused) == lines(
        f"""
        Services:
        ~ service web
        image: app:1 -> app:2
        {held}
        Plan: 0 to add, 1 to change, 0 to destroy.
        """
    )
    assert shown(paused, paused, at_rest(before)) == f"{held}\nNo changes."


def test_scaling_changes_no_replica_that_is_there() -> None:
    assert shown(wanted(web()), wanted(web(replicas=3))) == lines(
        """
        Services:
        ~ service web
        replicas: 2 -> 3
        Replicas:
        + web-3 on n1: scaled up from 2
        Scheduler:
        Every replica has a node.
        Plan: 1 to add, 1 to change, 0 to destroy.
        """
    )
    assert shown(wanted(web()), wanted(web(replicas=1))) == lines(
        """
        Services:
        ~ service web
        replicas: 2 -> 1
        Replicas:
        - web-2 on n1: scaled down to 1
        Scheduler:
        Every replica has a node.
        Plan: 0 to add, 1 to change, 1 to destroy.
        """
    )


def test_a_new_template_replaces_replicas_and_hides_secrets() -> None:
    before = web(env={"GREETING": "a", "API_TOKEN": "s3cret", "OLD": "x"})
    after = web(image="app:2", env={"GREETING": "b", "API_TOKEN": "t0p"})
    assert shown(wanted(before), wanted(after)) == lines(
        """
        Services:
        ~ service web
        image: app:1 -> app:2
        env.GREETING: "a" -> "b"
        env.API_TOKEN: (sensitive) -> (sensitive)
        env.OLD: "x" -> (none)
        Replicas:
        ~ web-1 on n1 replaced: image, env changed
        ~ web-2 on n1 replaced: image, env changed
        Scheduler:
        Every replica has a node.
        Plan: 0 to add, 3 to change, 0 to destroy.
        """
    )


def test_what_is_the_controllers_changes_in_place() -> None:
    after = web(stopGracePeriod="3s", placement={"strategy": "spread"})
    assert shown(wanted(web()), wanted(after)) == lines(
        """
        Services:
        ~ service web
        stopGracePeriod: 10s -> 3s
        placement.strategy: binpack -> spread
        Plan: 0 to add, 1 to change, 0 to destroy.
        """
    )


def test_a_section_that_comes_is_one_line_and_its_secrets_are_hidden() -> None:
    after = web(process={"env": {"DB_PASSWORD": "s3cret", "MODE": "dev"}})
    text = shown(wanted(web()), wanted(after))
    assert 'process: (none) -> {env: {DB_PASSWORD: (sensitive), MODE: "dev"}}' in text


def test_nothing_a_terminal_would_obey_is_shown() -> None:
    after = web(env={"A": "\x9b31m", "B": "é"}, build={"context": "x\n+ y"})
    text = shown(wanted(web()), wanted(after))
    assert 'env.A: (none) -> "\\u009b31m"' in text
    assert 'env.B: (none) -> "é"' in text
    assert '{context: "x\\n+ y"' in text


def test_a_changed_selector_is_named() -> None:
    ssd = web(placement={"nodeSelector": {"disk": "ssd"}})
    text = shown(wanted(ssd), wanted(web()), at_rest(wanted(web())))
    assert "placement.nodeSelector.disk: ssd -> (none)" in text


def test_changed_sources_of_a_build_are_named() -> None:
    build = web(build="folder")
    before, after = wanted(build, source="1"), wanted(build, source="2")
    text = shown(before, after)
    assert (
        f"revision: {before.services['web'].revision} -> {after.services['web'].revision}" in text
    )
    assert "web-1 on n1 replaced: its build's sources changed" in text


def test_a_deleted_service_takes_its_replicas_along() -> None:
    assert shown(wanted(web()), wanted()) == lines(
        """
        Services:
        - service web: deleted
        Replicas:
        - web-1 on n1: service deleted
        - web-2 on n1: service deleted
        Scheduler:
        Every replica has a node.
        Plan: 0 to add, 0 to change, 3 to destroy.
        """
    )


def test_a_node_that_goes_moves_its_replicas() -> None:
    assert shown(wanted(web()), wanted(web(), nodes=(("n2", "2"), ("n3", "500m")))) == lines(
        """
        Nodes:
        - node n1 (zone default, cpu 1, memory 1Gi): deleted
        ~ node n2
        capacity.cpu: 1 -> 2
        + node n3 (zone default, cpu 500m, memory 1Gi)
        Replicas:
        ~ web-1 moved n1 -> n3: n1 is gone
        ~ web-2 moved n1 -> n3: n1 is gone
        Scheduler:
        Every replica has a node.
        Plan: 1 to add, 3 to change, 1 to destroy.
        """
    )


def test_what_fits_nowhere_is_told_once_for_all_slots_alike() -> None:
    text = shown(wanted(), wanted(web(replicas=25)))
    assert (
        "Pending web-21 to web-25 (5 replicas): 0/2 nodes are available: 2 Insufficient cpu."
        in text
    )
    text = shown(wanted(), wanted(web(replicas=21)))
    assert "Pending web-21: 0/2 nodes are available: 2 Insufficient cpu." in text
    assert "Plan: 21 to add, 0 to change, 0 to destroy." in text


def test_a_node_that_goes_with_nowhere_else_to_be() -> None:
    text = shown(wanted(web(), nodes=(("n1", "1"),)), wanted(web(), nodes=()))
    assert "- web-1 on n1: fits on no node" in text
    assert "Pending web-1 to web-2 (2 replicas): 0/0 nodes are available" in text


def test_room_that_a_new_node_brings_is_used() -> None:
    crowded = web(replicas=1, resources={"requests": {"cpu": 2}})
    text = shown(wanted(crowded), wanted(crowded, nodes=(("n1", "1"), ("n2", "3"))))
    assert "+ web-1 on n2: there is room for it now" in text


def test_stranded_room_is_shown() -> None:
    def usage(requests: dict[str, str]) -> str:
        proposed = wanted(web(replicas=1, resources={"requests": requests}), nodes=(("n1", "1"),))
        return render(preview(wanted(), proposed, Observed(), 0.0))

    assert "768Mi stranded" in usage({"cpu": "1", "memory": "256Mi"})
    assert "cpu 750m stranded" in usage({"cpu": "250m", "memory": "1Gi"})
    assert "stranded" not in usage({"cpu": "1", "memory": "1Gi"})
    assert "512 of 1Gi" in usage({"cpu": "1", "memory": "512"})


def test_a_service_is_described_by_what_it_runs() -> None:
    proposed = wanted(
        {"name": "web", "image": None, "command": ["serve", "-v"], "port": 80,
         "proxy": {"listen": 8080}},
        {"name": "built", "image": None, "build": "folder", "replicas": 0},
    )  # fmt: skip
    text = shown(wanted(), proposed)
    assert "service web (1 replica of 'serve -v', cpu 100m, memory 64Mi each, listen 8080)" in text
    assert "service built (0 replicas of built:latest, cpu 100m, memory 64Mi each)" in text


def test_a_placement_not_made_yet_cannot_change() -> None:
    text = shown(wanted(web()), wanted(web(), nodes=(*NODES, ("n0", "200m"))), Observed())
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in text


def test_what_is_under_way_already_is_not_the_proposals_doing() -> None:
    same = wanted(web())
    assert shown(same, same, Observed()) == "No changes. What runs is what the manifests want."


def test_replicas_of_services_nobody_named_are_left_alone() -> None:
    _, observed = state("old-1.1 n1@a ready\nold-2.1 n1@a stopping\nold-3.1 n1@a starting")
    assert "old" not in shown(wanted(), wanted(web()), observed)


def test_replicas_found_running_are_taken_over_by_a_manifest() -> None:
    _, observed = state("web-1.1 n1@a ready\nweb-2.1 n1@a running")
    text = shown(wanted(), wanted(web()), observed)
    assert "~ web-1 on n1 replaced: it was started from another manifest" in text


def test_a_slot_that_backs_off_stays_as_it_is() -> None:
    desired, observed = state("web 2@a\nweb-1.1 n1@a exit=1\nweb-1 last=1 not_before=9")
    seen = preview(desired, desired, observed, 0.0)
    assert not seen.changes
    ahead = forecast(desired, observed, 0.0)
    assert [str(one.id) for one in ahead.observed.replicas if one.active] == ["web-2.1"]
