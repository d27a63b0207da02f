"""Faults 6 and 7 as a client sees them: the engine is away or hangs, and the API answers."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.engines.base import Engine
from orchestrator.engines.select import select
from tests.api.conftest import Api, answering, problem
from tests.support.faulty import Moody
from tests.support.rig import settle
from tests.support.wait import eventually_async

BOUND_S = 2.0
READS = [
    "/healthz", "/v1/info", "/v1/replicas", "/v1/services", "/v1/services/job", "/v1/nodes",
    "/v1/events", "/v1/explain/job", "/v1/inspect/replica/job-1",
]  # fmt: skip


@pytest.fixture
async def api(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """Its engine can be made to go away; one replica of `job` runs."""

    async def selected(*asked: object) -> tuple[Engine, str]:
        engine, reason = await select(*asked)  # type: ignore[arg-type]
        return Moody(engine), reason

    monkeypatch.setattr("orchestrator.api.server.select", selected)
    async with answering(state_dir) as one:
        await one.apply(one.rig.worker(replicas=1))
        await settle(one.served.controller)
        yield one
        engine_of(one).down = False
        engine_of(one).hang(False)


def engine_of(api: Api) -> Moody:
    """The one that can be made to go away."""
    engine = api.served.controller.engine
    assert isinstance(engine, Moody)
    return engine


async def test_an_engine_that_hangs_holds_up_no_answer(api: Api) -> None:
    engine_of(api).hang()
    looking = asyncio.create_task(api.served.controller.watcher.relist())
    killing = asyncio.create_task(api.post("/v1/replicas/job-1/kill", {}))
    for path in READS:
        began = time.monotonic()
        await api.get(path)
        assert time.monotonic() - began < BOUND_S, path
    began = time.monotonic()
    assert (await api.post("/v1/services/job/scale", {"replicas": 2})).status_code == 200
    assert time.monotonic() - began < BOUND_S
    assert not killing.done()
    engine_of(api).hang(False)
    await looking
    assert (await killing).status_code == 204
    await settle(api.served.controller)


async def test_an_engine_that_is_away_is_503_and_told_of(api: Api) -> None:
    engine_of(api).down = True
    await eventually_async(lambda: api.served.controller.watcher.degraded)
    assert (await api.get("/v1/info"))["degraded"] == "the engine does not answer"
    for path in READS:
        await api.get(path)
    problem(await api.post("/v1/replicas/job-1/kill", {}), 503)
    problem(await api.post("/v1/replicas/job-1/exec", {"argv": ["true"]}), 503)
    engine_of(api).down = False
    await eventually_async(lambda: not api.served.controller.watcher.degraded)
    assert (await api.get("/v1/info"))["degraded"] == ""
    reasons = [one["reason"] for one in await api.get("/v1/events", object="project")]
    assert reasons == ["EngineUnavailable", "EngineAvailable"]
