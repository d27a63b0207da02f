"""The manifests that are shipped."""

from pathlib import Path

import pytest

from orchestrator.manifest import load
from orchestrator.model.spec import ServiceSpec

MANIFESTS = Path(__file__).parents[2] / "manifests"
SHIPPED = sorted(MANIFESTS.rglob("*.yaml"))


def rooms(path: Path, service: ServiceSpec) -> int:
    """How many replicas the nodes of a manifest hold."""
    wanted = service.placement.node_selector.items()
    nodes = [node.capacity for node in load([path]).nodes if wanted <= node.labels.items()]
    cpu, memory = (
        service.resources.request_cpu_millicores,
        service.resources.request_memory_bytes,
    )
    return sum(min(node.cpu_millicores // cpu, node.memory_bytes // memory) for node in nodes)


def test_the_folder_brings_up_a_cluster_and_one_service() -> None:
    loaded = load([MANIFESTS])
    assert [service.name for service in loaded.services] == ["web"]
    assert {node.zone for node in loaded.nodes} == {"a", "b"}


def test_the_service_fits_when_it_is_doubled_and_needs_more_than_one_node() -> None:
    (web,) = load([MANIFESTS]).services
    assert rooms(MANIFESTS, web) >= 2 * web.replicas > rooms(MANIFESTS, web) // 2


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_each_file_loads_by_itself(path: Path) -> None:
    loaded = load([path])
    assert loaded.services or loaded.nodes


@pytest.mark.parametrize("path", sorted((MANIFESTS / "examples").iterdir()), ids=lambda p: p.name)
def test_the_services_of_an_example_fit_its_nodes(path: Path) -> None:
    loaded = load([path])
    for service in loaded.services:
        assert not loaded.nodes or rooms(path, service) >= service.replicas
