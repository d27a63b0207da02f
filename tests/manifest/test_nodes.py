"""Nodes written short, and traces row by row."""

from pathlib import Path

import pytest

from orchestrator.core.packing.trace import TraceRow
from orchestrator.manifest.nodes import read_nodes
from orchestrator.manifest.vectors import read_rows
from orchestrator.model.errors import ManifestError


def test_nodes_are_numbered_so_that_their_order_is_by_number() -> None:
    found = read_nodes(["10x{cpu: 4, memory: 8Gi}", " {cpu:500m,memory:1Gi, zone: b} "])
    assert [spec.name for spec in found][:2] == ["node-01", "node-02"]
    assert [spec.zone for spec in found] == ["default"] * 10 + ["b"]
    assert (found[0].capacity.cpu_millicores, found[0].capacity.memory_bytes) == (4000, 2**33)
    assert found[10].capacity.cpu_millicores == 500


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ten", "is no number of nodes of one kind (write it as '10x{cpu: 4, memory: 8Gi}')"),
        ("0x{cpu: 4, memory: 8Gi}", "is no number of nodes of one kind"),
        ("2x{cpu: 4}", "capacity.memory: is missing"),
        ("2x{cpu: 4, memory: 8Gi, zon: a}", "zon: unknown field 'zon' (did you mean 'zone'?)"),
        ("2x{cpu: 4, memory: lots}", "'lots' is no memory"),
        ("2x{cpu: [}", "is no valid YAML"),
        ("2x{}", "capacity.cpu: is missing"),
        ("200000x{cpu: 4, memory: 8Gi}", "200,000 nodes (100,000 are the most)"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(text: str, told: str) -> None:
    with pytest.raises(ManifestError) as refused:
        read_nodes([text])
    assert told in "\n".join(map(str, refused.value.problems))
    assert str(refused.value.problems[0]).startswith("--nodes")


def test_a_trace_has_names_and_times_where_it_says_so(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("name,cpu_millicores,memory_mib,arrival,departure\na,1,2,3,4.5\n,1,2,,\n")
    assert read_rows(file) == (TraceRow("a", 1, 2, 3.0, 4.5), TraceRow("2", 1, 2))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a,1,2,9,3", ":2:1: departure: is before the arrival"),
        ("a,1,2,soon,3", ":2:1: arrival: 'soon' is no time (give seconds from 0 on"),
        ("a,1,2,nan,3", "is no time"),
    ],
)
def test_a_mistake_in_a_time_is_told_with_its_place(tmp_path: Path, row: str, told: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"name,cpu_millicores,memory_mib,arrival,departure\n{row}\n")
    with pytest.raises(ManifestError) as refused:
        read_rows(file)
    assert told in str(refused.value.problems[0])
