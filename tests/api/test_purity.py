"""Looking changes nothing: every read, and `plan`, write nothing to the engine or the state."""

import re
from typing import Any

from fastapi import FastAPI

from orchestrator.api.app import create_app
from tests.api.conftest import Api, manifests
from tests.support.faulty import Passing
from tests.support.rig import settle
from tests.support.wait import eventually_async


async def state_of(api: Api) -> tuple[Any, ...]:
    """All that a read must leave as it is."""
    controller = api.served.controller
    dump = tuple(controller.store._db.iterdump())
    return controller.engine.writes, controller.cluster.desired.now.serial, dump


async def prepared(api: Api) -> None:
    """Two replicas ready, and the state at rest."""
    await api.apply(api.rig.service(replicas=2))
    await settle(api.served.controller)
    api.served.controller.store.flush()


async def test_every_read_changes_nothing(api: Api) -> None:
    import asyncio

    await prepared(api)
    app: FastAPI = create_app(api.served.controller, "", asyncio.Event(), asyncio.Event())
    names = {"kind": "service", "name": "web", "file": "main.js"}
    paths = [re.sub(r"{(\w+)}", lambda m: names[m[1]], route.path) for route in app.routes]  # type: ignore[attr-defined]
    for route, path in zip(app.routes, paths, strict=True):
        if "GET" not in route.methods or path == "/v1/events/stream":  # type: ignore[attr-defined]
            continue
        before = await state_of(api)
        answer = await api.client.get(path)
        assert answer.status_code == 200, path
        assert await state_of(api) == before, path
    for path in ("/v1/inspect/replica/web-1", "/v1/inspect/node/local", "/v1/explain/web-1",
                 "/v1/logs/web-1?tail=1", "/v1/replicas?all=true"):  # fmt: skip
        before = await state_of(api)
        assert (await api.client.get(path)).status_code == 200
        assert await state_of(api) == before, path


async def test_the_event_stream_changes_nothing(api: Api) -> None:
    await prepared(api)
    before = await state_of(api)
    async with api.client.stream("GET", "/v1/events/stream?after=0") as stream:
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith("id: ")
    assert await state_of(api) == before


async def test_a_plan_changes_nothing(api: Api) -> None:
    await prepared(api)
    bodies = [
        manifests(api.rig.service(replicas=5)),
        manifests(api.rig.service(replicas=2, env={"NEW": "1"})),
        manifests(api.rig.service("other", replicas=2, proxy=None)),
        {"services": [], "prune": True},
        {"nodes": [{"name": "n1", "capacity": {"cpu": "1", "memory": "1Gi"}}]},
    ]
    for body in bodies:
        before = await state_of(api)
        plan = (await api.post("/v1/plan", body)).json()
        assert plan["add"] or plan["change"] or plan["destroy"], plan["text"]
        assert await state_of(api) == before
    (row, _) = await api.get("/v1/replicas")
    assert row["attempt"] == 1


async def test_what_is_planned_is_what_applying_does(api: Api) -> None:
    await prepared(api)
    body = manifests(api.rig.service(replicas=3, env={"NEW": "1"}))
    plan = (await api.post("/v1/plan", body)).json()
    applied = (await api.post("/v1/apply", body | {"serial": plan["serial"]})).json()
    same = ("add", "change", "destroy", "text", "pending")
    assert [applied[key] for key in same] == [plan[key] for key in same]
    assert applied["serial"] == plan["serial"] + 1


async def test_applying_what_is_there_calls_the_engine_not_at_all(api: Api) -> None:
    await prepared(api)
    controller = api.served.controller
    counting = Passing(controller.engine)
    controller.executor._engine = counting
    controller.images._engine = counting
    controller.watcher._engine = counting
    before = await state_of(api)
    for _ in range(3):
        plan = (await api.apply(api.rig.service(replicas=2))).json()
        assert (plan["add"], plan["change"], plan["destroy"]) == (0, 0, 0)
        assert "0 to add, 0 to change, 0 to destroy" in plan["text"] or "o changes" in plan["text"]
    await eventually_async(lambda: not controller.cluster.agenda.wake.is_set())
    assert [call for call in counting.calls if call != "list"] == []
    assert await state_of(api) == before
