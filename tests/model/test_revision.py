"""A revision names what runs: equal meaning, equal revision."""

from typing import Any

import pytest

from orchestrator.model.revision import REVISION_LENGTH, revision_of
from orchestrator.model.spec import ServiceSpec


def service(**fields: Any) -> ServiceSpec:
    return ServiceSpec.model_validate({"name": "web", "image": "app:1", "port": 80, **fields})


BASE = revision_of(service())


def test_it_is_short_and_a_valid_label() -> None:
    assert len(BASE) == REVISION_LENGTH
    assert BASE.isalnum()


@pytest.mark.parametrize(
    "fields",
    [
        {"replicas": 5},
        {"probes": {"liveness": {"tcp": True}}},
        {"restart": "never"},
        {"proxy": {"listen": 80}},
        {"placement": {"strategy": "spread"}},
        {"stopGracePeriod": "1s"},
        {"pull": "never"},
        {"env": {}},
        {"security": {"readOnlyRoot": True}},
    ],
    ids=str,
)
def test_what_changes_in_place_or_spells_out_a_default(fields: dict[str, Any]) -> None:
    assert revision_of(service(**fields)) == BASE


@pytest.mark.parametrize(
    "fields",
    [
        {"image": "app:2"},
        {"command": ["true"]},
        {"port": 81},
        {"env": {"A": "b"}},
        {"resources": {"limits": {"cpu": 1}}},
        {"placement": {"nodeSelector": {"disk": "ssd"}}},
        {"security": {"readOnlyRoot": False}},
        {"process": {"workdir": "/"}},
        {"build": "/app"},
    ],
    ids=str,
)
def test_what_a_running_replica_cannot_take_over(fields: dict[str, Any]) -> None:
    assert revision_of(service(**fields)) != BASE


def test_new_sources_and_an_ordered_restart() -> None:
    assert len({BASE, revision_of(service(), "abc"), revision_of(service(), restarted=1)}) == 3


def test_neither_spelling_nor_order_matter() -> None:
    one = service(env={"A": "1", "B": "2"}, resources={"limits": {"memory": "1Gi"}})
    other = service(env={"B": 2, "A": 1}, resources={"limits": {"memory": "1024Mi"}})
    assert revision_of(one) == revision_of(other)
