"""Labels and names say which replica a container is, and nothing else does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engines.docker.identity import container_name, identity_of, labels_of
from orchestrator.model.launch import Launch
from orchestrator.model.names import LABEL_SLOT, NAME_PATTERN
from orchestrator.model.state import ReplicaId

NAMES = st.from_regex(NAME_PATTERN, fullmatch=True)
NUMBERS = st.integers(1, 10**6)
IDS = st.builds(ReplicaId, NAMES, NUMBERS, NUMBERS)
AMOUNTS = st.integers(0, 10**12)


def launch_of(
    replica_id: ReplicaId, port: int | None = None, cpu: int = 0, memory: int = 0
) -> Launch:
    return Launch(
        id=replica_id,
        node="node-1",
        zone="a",
        revision="rev-1",
        image="app:1",
        command=None,
        env={},
        port=port,
        hostname=replica_id.name,
        cpu_request_millicores=cpu,
        memory_request_bytes=memory,
    )


@given(NAMES, IDS, st.none() | st.integers(1, 65535), AMOUNTS, AMOUNTS)
def test_labels_bring_back_what_was_launched(
    project: str, replica_id: ReplicaId, port: int | None, cpu: int, memory: int
) -> None:
    labels = labels_of(project, launch_of(replica_id, port, cpu, memory))
    found = identity_of(project, labels)
    assert found is not None
    assert (found.id, found.node, found.revision) == (replica_id, "node-1", "rev-1")
    assert (found.port, found.cpu_request_millicores, found.memory_request_bytes) == (
        port,
        cpu,
        memory,
    )
    assert identity_of(project + "x", labels) is None


@given(NAMES, IDS, NAMES, IDS)
def test_names_are_unambiguous_and_the_engine_takes_them(
    project: str, one: ReplicaId, other_project: str, other: ReplicaId
) -> None:
    name = container_name(project, one)
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", name)
    same = (project, one) == (other_project, other)
    assert (name == container_name(other_project, other)) == same


@pytest.mark.parametrize("slot", ["", "0", "-1", "+1", "1.0", "one", "１", "1" * 19, " 1"])
def test_a_garbled_number_is_no_replica(slot: str) -> None:
    labels = labels_of("shop", launch_of(ReplicaId("web", 1, 1)))
    assert identity_of("shop", labels | {LABEL_SLOT: slot}) is None
    del labels[LABEL_SLOT]
    assert identity_of("shop", labels) is None
    assert identity_of("shop", None) is None
