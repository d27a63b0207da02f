"""Errors that come from the state of things: stale, taken, full, away."""

import sqlite3

import pytest

from orchestrator.model.errors import (
    ConflictError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidRequestError,
    NotFoundError,
    OrchestratorError,
    StateError,
)
from tests.api.conftest import Api, manifests, problem


async def test_a_stale_serial_is_409(api: Api) -> None:
    job = api.rig.worker(replicas=1)
    assert (await api.apply(job, serial=0)).status_code == 200
    for path in ("/v1/plan", "/v1/apply"):
        body = manifests(api.rig.worker(replicas=2)) | {"serial": 0}
        found = problem(await api.post(path, body), 409)
        assert found["detail"] == ("the plan is stale: it was made for serial 0, the state is at 1")
    assert (await api.get("/v1/services/job"))["desired"] == 1


async def test_a_taken_port_is_409(api: Api) -> None:
    assert (await api.apply(api.rig.service("one", replicas=0))).status_code == 200
    found = problem(await api.apply(api.rig.service("two", replicas=0)), 409)
    assert "'one' and 'two' both listen" in found["detail"]
    assert found["remedy"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError, 404), (ConflictError, 409), (InvalidRequestError, 422),
        (EngineUnavailableError, 503), (EngineTimeoutError, 504), (EngineError, 502),
        (StateError, 507), (OrchestratorError, 500),
    ],
)  # fmt: skip
async def test_each_kind_of_error_has_its_status(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: type[OrchestratorError], status: int
) -> None:
    def fail(*_: object) -> None:
        raise error("it is so", remedy="do this")

    monkeypatch.setattr(api.served.controller, "restart", fail)
    found = problem(await api.post("/v1/services/web/restart"), status)
    assert (found["detail"], found["remedy"]) == ("it is so", "do this")


async def test_a_write_that_does_not_fit_the_disk_is_507(api: Api) -> None:
    """Fault 19: the state's own file may grow no more, and the old state stands."""
    await api.apply(api.rig.worker(replicas=0))
    database: sqlite3.Connection = api.served.controller.store._db
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    (most,) = database.execute("PRAGMA max_page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")
    big = api.rig.worker("big", replicas=0, env={"BIG": "x" * 200_000})
    problem(await api.apply(big), 507)
    assert [one["name"] for one in await api.get("/v1/services")] == ["job"]
    database.execute(f"PRAGMA max_page_count = {most}")
    assert (await api.apply(big)).status_code == 200
