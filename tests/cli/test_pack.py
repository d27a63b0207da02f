"""`orch pack`: what would go where, by every method, with nothing started."""

import pytest

from tests.cli.manifests import write
from tests.cli.orch import Orch

NODES = "---\n".join(
    f"kind: Node\nname: n{number}\ncapacity: {{cpu: 1, memory: 1Gi}}\n" for number in (1, 2, 3)
)


def service(name: str, replicas: int, cpu: str, memory: str, more: str = "") -> str:
    return (
        f"kind: Service\nname: {name}\nimage: app:1\nreplicas: {replicas}\n"
        f"resources: {{requests: {{cpu: {cpu}, memory: {memory}}}}}\n{more}\n"
    )


WEB = service("web", 3, "600m", "128Mi")
WORKER = service("worker", 3, "400m", "256Mi")


def test_each_node_is_shown_with_what_it_holds(orch: Orch) -> None:
    told = orch.quick("pack", "-f", write(orch.state_dir, NODES, WEB, WORKER))
    assert told.startswith("6 replicas on 3 nodes of 1 CPU and 1Gi\n")
    assert "██████████ 100%   1 of 1" in told
    assert "binpack: 3 of 3 nodes used, lower bound 3, ratio 1.000" in told
    assert "stranded (room that no replica here could use): 0 CPU, 1920Mi memory" in told
    assert not (orch.state_dir / orch.project).exists()


def test_who_finds_no_node_is_named_with_the_schedulers_sentence(orch: Orch) -> None:
    files = write(orch.state_dir, NODES, service("web", 5, "600m", "128Mi"))
    told = orch.run("pack", "-f", files, code=1).stdout
    assert "web-4, web-5: 0/3 nodes are available: 3 Insufficient cpu. It needs 200m more" in told


def test_methods_side_by_side_and_the_best_is_marked(orch: Orch) -> None:
    files = write(orch.state_dir, WEB, WORKER)
    given = ("pack", "-f", files, "--nodes", "6x{cpu: 1, memory: 1Gi}")
    lines = orch.quick(*given, "--compare", "--budget", "50ms").splitlines()
    methods = [line[4:].split()[0] for line in lines[3:]]
    assert methods[:2] == ["binpack", "nomad"]
    assert {"spread", "random", "ffd-sum", "l2", "search"} <= set(methods)
    assert [line[4:].split()[0] for line in lines if line.startswith("*")] == ["binpack"]
    by_name = {one["method"]: one for one in orch.json(*given, "--compare")["results"]}
    assert by_name["spread"]["nodes_used"] == 6
    assert by_name["binpack"]["ratio"] == 1
    assert by_name["binpack"]["lower_bound"] == 3


def test_rules_of_placement_hold_and_leave_no_room_for_rules_by_size(orch: Orch) -> None:
    spread = service("web", 3, "100m", "64Mi", "placement: {maxPerNode: 1}")
    files = write(orch.state_dir, NODES, spread)
    found = orch.json("pack", "-f", files, "--compare")["results"]
    assert {one["nodes_used"] for one in found} == {3}
    assert "l2" not in [one["method"] for one in found]
    assert "Left out, for they know sizes only" in orch.quick("pack", "-f", files, "--compare")
    assert "web has rules of placement" in orch.quick(
        "pack", "-f", files, "--strategy", "l2", code=2
    )


def test_without_nodes_sensible_ones_are_taken_and_told(orch: Orch) -> None:
    large = service("web", 8, "5", "1Gi", "placement: {nodeSelector: {disk: ssd}}")
    told = orch.quick("pack", "-f", write(orch.state_dir, large))
    assert "on 10 nodes of 8 CPU and 8Gi (none are given; first-fit needs 8 of these" in told


def test_a_trace_and_an_instance(orch: Orch) -> None:
    trace = orch.state_dir / "a.csv"
    trace.write_text(
        "name,cpu_millicores,memory_mib,arrival,departure\na,600,512,0,9\nb,500,512,1,2\n"
    )
    found = orch.json("pack", "-f", str(trace), "--nodes", "2x{cpu: 1, memory: 1Gi}")
    assert found["question"] == "2 replicas, all at once, on 2 nodes of 1 CPU and 1Gi"
    assert [one["replicas"] for one in found["results"][0]["nodes"]] == [["a"], ["b"]]
    instance = orch.state_dir / "a.vbp"
    instance.write_text("3\n9 9 9\n4\n5 1 1 2\n4 8 1 2\n")
    found = orch.json("pack", "-f", str(instance), "--compare")
    assert {one["nodes_used"] for one in found["results"]} == {2}
    assert found["results"][0]["used"] == {"size-1": 18, "size-2": 18, "size-3": 4}


def test_a_file_of_nodes(orch: Orch) -> None:
    nodes = orch.state_dir / "nodes.csv"
    nodes.write_text("name,cpu_millicores,memory_mib\nlarge,4000,4096\nsmall,1000,1024\n")
    files = write(orch.state_dir, WEB)
    found = orch.json("pack", "-f", files, "--nodes", str(nodes), "--strategy", "first-fit")
    assert [one["name"] for one in found["results"][0]["nodes"]] == ["large"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--strategy", "best"], "there is no 'best'\n  one of binpack,"),
        (["--compare", "--strategy", "l2"], "--compare shows all strategies\n  leave"),
        (["--budget", "soon"], "--budget: 'soon' is no duration"),
        (["-f", "a.csv"], "a.csv is packed on its own\n  name one trace"),
    ],
)
def test_what_contradicts_itself_is_refused(orch: Orch, more: list[str], told: str) -> None:
    files = write(orch.state_dir, NODES, WEB)
    assert told in orch.quick("pack", "-f", files, *more, code=2)


def test_the_same_seed_gives_the_same_answer(orch: Orch) -> None:
    files = write(orch.state_dir, NODES, WEB, WORKER)
    given = ("pack", "-f", files, "--compare", "--seed", "3", "-o", "json")
    assert orch.quick(*given) == orch.quick(*given)


def test_pictures_and_pages_of_what_is_compared(orch: Orch) -> None:
    files = write(orch.state_dir, NODES, WEB, WORKER)
    compared = ("--strategy", "spread", "--strategy", "binpack")
    orch.quick("pack", "-f", files, *compared, "--svg", "a.svg", "--html", "a.html")
    svg = (orch.state_dir / "a.svg").read_text()
    assert "spread: 3 nodes, lower bound 3" in svg
    assert "binpack: 3 nodes, lower bound 3" in svg
    page = (orch.state_dir / "a.html").read_text()
    assert svg.strip() in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in page
    orch.quick("pack", "-f", files, "--html", "one.html")
    assert "largest replica that still fits: " in (orch.state_dir / "one.html").read_text()


def test_nothing_to_pack_is_packed_into_nothing(orch: Orch) -> None:
    (orch.state_dir / "none.vbp").write_text("2\n9 9\n0\n")
    assert orch.json("pack", "-f", "none.vbp", "--compare")["results"][0]["nodes_used"] == 0
    (orch.state_dir / "none.csv").write_text("name,cpu_millicores,memory_mib\n")
    assert "0 of 1 nodes used" in orch.quick("pack", "-f", "none.csv")
    files = write(orch.state_dir, NODES, service("web", 0, "1", "1Gi"))
    assert "0 of 3 nodes used" in orch.quick("pack", "-f", files, "--svg", "a.svg")
