"""Nodes written short, and traces row by row."""

from pathlib import Path

import pytest

from orchestrator.core.packing.trace import TraceRow
from orchestrator.manifest.nodes import read_nodes
from orchestrator.manifest.vectors import read_node_rows, read_rows
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


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (b"a,1,x", ":2:1: memory_mib: 'x' is no number (give a whole number from 0 on"),
        (b"a," + b"9" * 5000 + b",1", ":2:1: cpu_millicores: '9999"),
        (
            b"a,9999999999,1",
            ":2:1: cpu_millicores: 9999999999 is too much (1000000000 is the most)",
        ),
        (b"\xff,1,1", ": found the byte 0xff, expected UTF-8 text (save the file as UTF-8)"),
        (b'"' + b"a" * 200_000, "is no CSV: field larger than field limit"),
    ],
)
def test_a_mistake_in_an_amount_is_told_with_its_place(
    tmp_path: Path, row: bytes, told: str
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"name,cpu_millicores,memory_mib\n" + row + b"\n")
    with pytest.raises(ManifestError) as refused:
        read_rows(file)
    assert told in str(refused.value.problems[0])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("Big One,1,1", ":2:1: name: 'Big One' is no valid name (use lower-case"),
        ("a,1,1\na,1,1", ":3:1: name: 'a' is already a node"),
        ("a,0,1", ":2:1: cpu_millicores: 0 holds nothing (give a whole number from 1 on)"),
        ("", ":1:1: there is no node"),
    ],
)
def test_a_mistake_in_a_node_is_told_with_its_place(tmp_path: Path, rows: str, told: str) -> None:
    file = tmp_path / "nodes.csv"
    file.write_text(f"name,cpu_millicores,memory_mib\n{rows}\n")
    with pytest.raises(ManifestError) as refused:
        read_node_rows(file)
    assert told in str(refused.value.problems[0])


def test_a_file_of_a_spreadsheet_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "nodes.csv"
    file.write_bytes(b"\xef\xbb\xbfname,cpu_millicores,memory_mib\r\na,1,2\r\n")
    assert [node.name for node in read_node_rows(file)] == ["a"]
