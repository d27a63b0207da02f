"""Batches from files: what is read, and how a mistake is told."""

from pathlib import Path

import pytest

from orchestrator.core.packing.instance import Instance
from orchestrator.manifest.vectors import read_instance, read_trace
from orchestrator.model.errors import ManifestError


def test_an_instance_gives_each_item_as_often_as_it_says(tmp_path: Path) -> None:
    file = tmp_path / "a.vbp"
    file.write_text("2\n10 20\n3\n4 5 2\n1 20 1\n")
    assert read_instance(file) == Instance((10, 20), ((4, 5), (4, 5), (1, 20)))


def test_a_trace_is_read_by_the_names_of_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("name,memory_mib,cpu_millicores,gpu\na,512,250,0\nb,64,1000,1\n")
    assert read_trace(file) == ((250, 512), (1000, 64))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2\n", ":1:1: the file ends early (needs d, the capacities and n first)"),
        ("2\n10\n0\n", ":2:1: capacity: 1 capacities (the first line says there are 2)"),
        ("1\n0\n0\n", ":2:1: capacity: 0 holds nothing (give whole numbers from 1 on)"),
        ("1\n10\n1\n4\n", ":4:1: size: 1 numbers (give 1 sizes and the number of such items)"),
        ("1\n10\n1\n-4 1\n", ":4:1: size: '-4' is no number (give a whole number from 0 on)"),
        ("1\n9\n1\n11 1\n", ":4:1: size: (11,) does not fit (9,) (no item may be larger"),
        ("1\n9\n1\n1 999999999999\n", ":4:1: n: too many items (1,000,000 are the most)"),
        ("1\n10\n2\n4 1\n", ":3:1: n: 2 is not the number of items (the items below are 1)"),
    ],
)
def test_a_mistake_in_an_instance_is_told_with_its_place(
    tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "a.vbp"
    file.write_text(text)
    with pytest.raises(ManifestError) as raised:
        read_instance(file)
    assert f"{file}{told}" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,cpu_millicores\n", ":1:1: memory_mib: no such column (name it in the first line)"),
        ("cpu_millicores,memory_mib\n1.5,1\n", ":2:1: cpu_millicores: '1.5' is no number"),
        ("cpu_millicores,memory_mib\n5\n", ":2:1: memory_mib: '' is no number"),
    ],
)
def test_a_mistake_in_a_trace_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text)
    with pytest.raises(ManifestError) as raised:
        read_trace(file)
    assert f"{file}{told}" in str(raised.value)
