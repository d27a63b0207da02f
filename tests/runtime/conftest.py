"""A store in a folder of its own, on a clock that the test sets."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.runtime.clock import Clock
from orchestrator.runtime.store import Store
from tests.support.clock import HandClock

Open = Callable[..., Store]


@pytest.fixture
def clock() -> HandClock:
    """Stands still until told otherwise."""
    return HandClock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the state is."""
    return tmp_path / "state.db"


@pytest.fixture
def open_store(database: Path, clock: HandClock) -> Iterator[Open]:
    """Opens the state, as a new controller does; the one before has ended."""
    opened: list[Store] = []

    def opener(clock: Clock = clock) -> Store:
        for store in opened:
            store.close()
        opened[:] = [Store(database, clock)]
        return opened[0]

    yield opener
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Open) -> Store:
    """The state, open."""
    return open_store()


def service(name: str = "web", **fields: Any) -> ServiceSpec:
    """A service that runs something."""
    return ServiceSpec.model_validate({"name": name, "command": ["true"], **fields})


def node(name: str, cpu: str = "1", **fields: Any) -> NodeSpec:
    """A node."""
    capacity = {"cpu": cpu, "memory": "1Gi"}
    return NodeSpec.model_validate({"name": name, "capacity": capacity, **fields})
