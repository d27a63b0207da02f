"""The JSON contract: exactly these fields, of these types, on real data. Fields are only added."""

import json
from typing import Any

import pytest

from tests.api.conftest import Api
from tests.support.rig import settle
from tests.support.wait import eventually_async

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = (int, float)
INFO = {
    "project": str, "version": str, "pid": int, "started_at": float, "engine": str,
    "engine_reason": str, "timing": str, "serial": int, "state_dir": str, "adopted": int,
    "events_before": int, "folder": str, "degraded": str,
}  # fmt: skip
REPLICA = {
    "name": str, "service": str, "slot": int, "attempt": int, "status": str, "reason": str,
    "ready": bool, "restarts": int, "node": (str, type(None)), "zone": (str, type(None)),
    "revision": str, "id": (str, type(None)), "endpoint": (str, type(None)), "age_s": NUMBER,
    "last_exit": str, "cpu_request_millicores": int, "memory_request_bytes": int,
}  # fmt: skip
SERVICE = {
    "name": str, "desired": int, "active": int, "ready": int, "up_to_date": int, "revision": str,
    "address": (str, type(None)), "image": (str, type(None)), "status": str, "reason": str,
    "pending": int, "restarts": int, "spec": dict, "near": list, "paused": bool,
}  # fmt: skip
NODE = {
    "name": str, "zone": str, "status": str, "cpu_millicores": int, "cpu_used_millicores": int,
    "memory_bytes": int, "memory_used_bytes": int, "replicas": int, "labels": dict,
    "cpu_limit_millicores": int, "memory_limit_bytes": int, "others": dict, "taints": list,
    "near": list,
}  # fmt: skip
EVENT = {
    "serial": int, "time": float, "type": str, "reason": str, "object": str, "message": str,
}  # fmt: skip
VERDICT = {
    "node": str, "zone": str, "fits": bool, "reason": str, "cpu_score": NUMBER,
    "memory_score": NUMBER, "total": NUMBER, "chosen": bool,
}  # fmt: skip
EXPLAIN = {
    "name": str, "status": str, "node": (str, type(None)), "reason": str, "strategy": str,
    "verdicts": list,
}  # fmt: skip
PLAN = {
    "serial": int, "add": int, "change": int, "destroy": int, "text": str, "pending": list,
}  # fmt: skip
LOG = {"replica": str, "attempt": int, "stream": str, "text": str}
EXEC = {"exit_code": int, "stdout": str, "stderr": str}


def assert_shape(found: dict[str, Any], shape: dict[str, Any]) -> None:
    """Exactly these fields, each of its type (bool is no int)."""
    assert set(found) == set(shape)
    for name, kind in shape.items():
        wanted = kind if isinstance(kind, tuple) else (kind,)
        assert type(found[name]) in wanted, (name, found[name])


async def busy(api: Api) -> None:
    """Two replicas of `web` that are ready and two of `huge` that fit nowhere."""
    huge = {"requests": {"cpu": "1000", "memory": "8Mi"}}
    plan = await api.apply(
        api.rig.service(replicas=2), api.rig.worker("huge", replicas=2, resources=huge)
    )
    assert plan.status_code == 200
    assert_shape(plan.json(), PLAN)

    async def there() -> bool:
        views = await api.get("/v1/services")
        return [(one["ready"], one["pending"]) for one in views] == [(0, 2), (2, 0)]

    await eventually_async(there)


async def test_info(shared: Api) -> None:
    await busy(shared)
    info = await shared.get("/v1/info")
    assert_shape(info, INFO)
    assert (info["engine"], info["timing"], info["degraded"]) == ("process", "quick", "")


async def test_replicas(shared: Api) -> None:
    await busy(shared)
    rows = await shared.get("/v1/replicas")
    for one in rows:
        assert_shape(one, REPLICA)
    assert [one["name"] for one in rows] == ["huge-1", "huge-2", "web-1", "web-2"]
    pending, ready = rows[0], rows[2]
    assert (pending["status"], pending["id"], pending["endpoint"]) == ("Pending", None, None)
    assert pending["reason"].startswith("0/1 nodes are available: 1 Insufficient cpu. It needs ")
    assert (ready["status"], ready["ready"], ready["node"]) == ("Ready", True, "local")
    assert ready["endpoint"] == f"127.0.0.1:{ready['endpoint'].rpartition(':')[2]}"
    of_web = await shared.get("/v1/replicas", service="web")
    assert [one["name"] for one in of_web] == ["web-1", "web-2"]


async def test_exited_attempts_are_there_when_asked_for(shared: Api) -> None:
    await busy(shared)
    assert (await shared.post("/v1/replicas/web-2/kill", {"signal": "KILL"})).status_code == 204
    await eventually_async(lambda: shared.served.controller.cluster.observed.slots)

    async def again() -> bool:
        rows = await shared.get("/v1/replicas", service="web")
        return [(one["attempt"], one["ready"]) for one in rows if one["slot"] == 2] == [(2, True)]

    await eventually_async(again)
    rows = await shared.get("/v1/replicas", service="web", all=True)
    for one in rows:
        assert_shape(one, REPLICA)
    assert [(one["name"], one["attempt"]) for one in rows if one["slot"] == 2] == [
        ("web-2", 2),
        ("web-2", 1),
    ]
    inspected = await shared.get("/v1/inspect/replica/web-2")
    assert [one["attempt"] for one in inspected["attempts"]] == [2, 1]


async def test_services(shared: Api) -> None:
    await busy(shared)
    views = await shared.get("/v1/services")
    for one in views:
        assert_shape(one, SERVICE)
    web = await shared.get("/v1/services/web")
    assert web == views[1]
    assert (web["desired"], web["ready"], web["up_to_date"], web["status"]) == (2, 2, 2, "Ready")
    assert web["address"] == f"http://127.0.0.1:{shared.rig.port}"
    assert web["spec"]["proxy"]["listen"] == shared.rig.port
    assert views[0]["status"] == "Degraded"


async def test_pause_and_resume(shared: Api) -> None:
    await busy(shared)
    for verb, paused in (("pause", True), ("pause", True), ("resume", False), ("resume", False)):
        answer = await shared.post(f"/v1/services/web/{verb}")
        assert_shape(answer.json(), SERVICE)
        assert answer.json()["paused"] is paused
        assert (await shared.get("/v1/services/web"))["paused"] is paused
    about = await shared.get("/v1/events", object="service/web")
    told = [one["reason"] for one in about if one["reason"].startswith("Rollout")]
    assert told == ["RolloutPaused", "RolloutResumed"]


async def test_a_restart_of_one_replica(shared: Api) -> None:
    await busy(shared)
    before = await shared.get("/v1/replicas", service="web")
    assert (await shared.post("/v1/replicas/web-2/restart")).status_code == 204

    async def replaced() -> bool:
        rows = await shared.get("/v1/replicas", service="web")
        return [(one["attempt"], one["ready"]) for one in rows if one["slot"] == 2] == [
            (before[1]["attempt"] + 1, True)
        ]

    await eventually_async(replaced)
    assert (await shared.get("/v1/replicas", service="web"))[0]["id"] == before[0]["id"]


async def test_nodes(shared: Api) -> None:
    await busy(shared)
    (node,) = await shared.get("/v1/nodes")
    assert_shape(node, NODE)
    assert (node["name"], node["status"], node["replicas"]) == ("local", "Ready", 2)
    assert node["cpu_used_millicores"] == 20
    for verb, status in (("cordon", "Cordoned"), ("uncordon", "Ready")):
        answer = await shared.post(f"/v1/nodes/local/{verb}")
        assert_shape(answer.json(), NODE)
        assert answer.json()["status"] == status


async def test_crash_and_recover(shared: Api) -> None:
    await busy(shared)
    for order, status, changed in (
        ("crash", "NotReady", ["local"]),
        ("crash", "NotReady", []),
        ("recover", "Ready", ["local"]),
        ("recover", "Ready", []),
    ):
        answer = (await shared.post(f"/v1/nodes/{order}", {"nodes": ["local"]})).json()
        (node,) = answer["nodes"]
        assert_shape(node, NODE)
        assert (node["status"], answer["changed"]) == (status, changed)


async def test_explain(shared: Api) -> None:
    await busy(shared)
    (why,) = await shared.get("/v1/explain/web-1")
    assert_shape(why, EXPLAIN)
    (verdict,) = why["verdicts"]
    assert_shape(verdict, VERDICT)
    assert (why["node"], verdict["node"], verdict["fits"], verdict["chosen"]) == (
        "local", "local", True, True,
    )  # fmt: skip
    nowhere = await shared.get("/v1/explain/huge")
    assert [one["name"] for one in nowhere] == ["huge-1", "huge-2"]
    (verdict,) = nowhere[0]["verdicts"]
    assert (verdict["fits"], verdict["chosen"]) == (False, False)
    assert "cpu" in verdict["reason"]


async def test_plan(shared: Api) -> None:
    await busy(shared)
    more = shared.rig.service(replicas=3)
    body = {"services": [more.model_dump(mode="json", exclude_unset=True)]}
    plan = (await shared.post("/v1/plan", body)).json()
    assert_shape(plan, PLAN)
    assert (plan["add"], plan["change"], plan["destroy"]) == (1, 1, 0)
    assert "Plan: 1 to add, 1 to change, 0 to destroy." in plan["text"]


async def test_events(shared: Api) -> None:
    await busy(shared)
    events = await shared.get("/v1/events")
    for one in events:
        assert_shape(one, EVENT)
        assert one["type"] in ("Normal", "Warning")
    serials = [one["serial"] for one in events]
    assert serials == sorted(set(serials))
    middle = serials[len(serials) // 2]
    assert [one["serial"] for one in await shared.get("/v1/events", after=middle)] == [
        serial for serial in serials if serial > middle
    ]
    about = await shared.get("/v1/events", object="replica/web-1")
    assert {one["object"] for one in about} == {"replica/web-1"}
    assert {"Scheduled", "Started", "Ready"} <= {one["reason"] for one in about}
    assert len(await shared.get("/v1/events", limit=2)) == 2


async def test_inspect(shared: Api) -> None:
    await busy(shared)
    service = await shared.get("/v1/inspect/service/web")
    assert set(service) == set(SERVICE) | {"replicas", "events"}
    assert_shape(service["replicas"][0], REPLICA)
    assert_shape(service["events"][0], EVENT)
    replica = await shared.get("/v1/inspect/replica/web-1")
    assert set(replica) == set(REPLICA) | {"attempts", "events"}
    node = await shared.get("/v1/inspect/node/local")
    assert set(node) == set(NODE) | {"replicas_here", "events"}
    assert [one["name"] for one in node["replicas_here"]] == ["web-1", "web-2"]


async def test_exec(shared: Api) -> None:
    await busy(shared)
    body = {"argv": ["sh", "-c", "echo out; echo err >&2; printf '\\377'; exit 3"]}
    answer = await shared.post("/v1/replicas/web-1/exec", body)
    assert_shape(answer.json(), EXEC)
    assert answer.json() == {"exit_code": 3, "stdout": "out\n\ufffd", "stderr": "err\n"}


async def test_exec_that_takes_too_long_is_ended(shared: Api) -> None:
    await busy(shared)
    body = {"argv": ["sleep", "600"], "timeout_s": 0.2}
    answer = await shared.post("/v1/replicas/web-1/exec", body)
    assert answer.status_code == 504


async def test_logs(shared: Api) -> None:
    talk = "print('one', flush=True); print('two <b>', flush=True); import signal; signal.pause()"
    await shared.apply(shared.rig.worker("talk", talk, replicas=2))
    await eventually_async(lambda: _has_said(shared, "talk", 4))
    lines = await _lines(shared, "talk")
    for line in lines:
        assert_shape(line, LOG)
    assert sorted((one["replica"], one["text"]) for one in lines) == [
        ("talk-1", "one"), ("talk-1", "two <b>"), ("talk-2", "one"), ("talk-2", "two <b>"),
    ]  # fmt: skip
    assert [one["text"] for one in await _lines(shared, "talk-2", tail=1)] == ["two <b>"]
    assert await _lines(shared, "talk", previous=True) == []
    await shared.client.delete("/v1/services/talk")


async def _lines(api: Api, name: str, **params: Any) -> list[dict[str, Any]]:
    answer = await api.client.get(f"/v1/logs/{name}", params=params)
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def _has_said(api: Api, name: str, count: int) -> bool:
    return len(await _lines(api, name)) == count


async def test_scale_restart_and_delete(shared: Api) -> None:
    await shared.apply(shared.rig.worker("temp", replicas=1))
    scaled = await shared.post("/v1/services/temp/scale", {"replicas": 2})
    assert_shape(scaled.json(), SERVICE)
    assert scaled.json()["desired"] == 2
    revision = scaled.json()["revision"]
    restarted = await shared.post("/v1/services/temp/restart")
    assert restarted.json()["revision"] != revision
    assert (await shared.client.delete("/v1/services/temp")).status_code == 204
    assert (await shared.client.get("/v1/services/temp")).status_code == 404


async def test_the_document_describes_every_answer(shared: Api) -> None:
    document = await shared.get("/openapi.json")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
    assert set(document["components"]["schemas"]["ReplicaView"]["properties"]) == set(REPLICA)
    assert (await shared.client.get("/docs")).status_code == 200


async def test_everything_settles(shared: Api) -> None:
    await shared.client.delete("/v1/services/huge")
    await settle(shared.served.controller)
