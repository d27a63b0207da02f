"""Every refused request is answered with a problem (RFC 9457) that says what is wrong with it,
and nothing has changed."""

import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from orchestrator.api.problems import install
from tests.api.conftest import Api, problem
from tests.support.rig import settle

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def a_job(api: Api) -> None:
    """There is one service, `job`, with one replica."""
    await api.apply(api.rig.worker(replicas=1))
    await settle(api.served.controller)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/services/nobody", None),
        ("GET", "/v1/replicas?service=nobody", None),
        ("GET", "/v1/explain/nobody", None),
        ("GET", "/v1/inspect/service/nobody", None),
        ("GET", "/v1/inspect/replica/nobody-1", None),
        ("GET", "/v1/inspect/node/nowhere", None),
        ("GET", "/v1/inspect/planet/earth", None),
        ("GET", "/v1/logs/nobody", None),
        ("POST", "/v1/services/nobody/scale", {"replicas": 1}),
        ("POST", "/v1/services/nobody/restart", {}),
        ("POST", "/v1/services/nobody/pause", {}),
        ("POST", "/v1/services/nobody/resume", {}),
        ("DELETE", "/v1/services/nobody", None),
        ("POST", "/v1/replicas/nobody-1/kill", {}),
        ("POST", "/v1/replicas/nobody-1/restart", {}),
        ("POST", "/v1/replicas/nobody-1/exec", {"argv": ["true"]}),
        ("POST", "/v1/nodes/nowhere/cordon", {}),
        ("POST", "/v1/nodes/nowhere/uncordon", {}),
        ("POST", "/v1/nodes/nowhere/drain", {}),
        ("POST", "/v1/nodes/crash", {"nodes": ["local", "nowhere"]}),
        ("POST", "/v1/nodes/recover", {"nodes": ["nowhere"]}),
        ("GET", "/nothing", None),
    ],
)
async def test_an_unknown_name_is_404(shared: Api, method: str, path: str, body: Any) -> None:
    serial = (await shared.get("/v1/info"))["serial"]
    found = problem(await shared.client.request(method, path, json=body), 404)
    if path != "/nothing":
        assert "there are: " in found["remedy"]
    assert (await shared.get("/v1/info"))["serial"] == serial


async def test_an_unknown_name_is_told_what_there_is(shared: Api) -> None:
    await a_job(shared)
    found = problem(await shared.client.get("/v1/services/jop"), 404)
    assert (found["detail"], found["remedy"]) == ("no service is named 'jop'", "there are: job")


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/v1/apply", {"services": [{"name": "web", "comand": ["x"]}]}, "comand"),
        ("/v1/apply", {"services": [{"name": "web"}]}, "nothing to run"),
        ("/v1/apply", {"services": [{"name": "../x", "image": "a"}]}, "name"),
        ("/v1/apply", {"services": "all"}, "services"),
        ("/v1/apply", [], "body"),
        ("/v1/apply", {"nodes": [{"name": "n"}]}, "capacity"),
        ("/v1/plan", {"services": [{"name": "web", "image": "a", "replicas": -1}]}, "replicas"),
        ("/v1/services/job/scale", {"replicas": -1}, "replicas"),
        ("/v1/services/job/scale", {"replicas": 10**30}, "replicas"),
        ("/v1/services/job/scale", {"replicas": "many"}, "replicas"),
        ("/v1/services/job/scale", {}, "replicas"),
        ("/v1/replicas/job-1/kill", {"signal": "NONSENSE"}, "NONSENSE"),
        ("/v1/replicas/job-1/exec", {"argv": []}, "argv"),
        ("/v1/replicas/job-1/exec", {"argv": ["true"], "timeout_s": -1}, "timeout_s"),
        ("/v1/replicas/job-1/exec", {"argv": ["true\u0000"]}, "argv"),
        ("/v1/replicas/job-1/exec", {"argv": ["true"], "timeout_s": 1e400}, ""),
    ],
)
async def test_a_bad_request_is_422_and_names_the_field(
    shared: Api, path: str, body: Any, said: str
) -> None:
    await a_job(shared)
    before = (await shared.get("/v1/info"))["serial"], await shared.get("/v1/services")
    answer = await shared.client.post(
        path, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert said in problem(answer, 422)["detail"]
    assert before == ((await shared.get("/v1/info"))["serial"], await shared.get("/v1/services"))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/events?after=-1", "/v1/events?limit=0", "/v1/events?limit=1000000",
        "/v1/events?after=99999999999999999999999", "/v1/logs/job?tail=-1",
        "/v1/events/stream?after=99999999999999999999999", "/v1/replicas?all=maybe",
    ],
)  # fmt: skip
async def test_a_bad_question_is_422(shared: Api, path: str) -> None:
    await a_job(shared)
    problem(await shared.client.get(path), 422)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff", "nul", '{"services": NaN}'])
async def test_what_is_no_json_is_refused(shared: Api, text: str) -> None:
    answer = await shared.client.post(
        "/v1/apply", content=text.encode("latin-1"), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    problem(answer, answer.status_code)


async def test_a_bug_of_ours_is_a_problem_too() -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    async def breaks() -> None:
        raise ZeroDivisionError("oops")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        said = problem(await client.get("/"), 500)
    assert said["detail"] == "ZeroDivisionError: oops"


async def test_a_wrong_method_is_405(shared: Api) -> None:
    problem(await shared.client.put("/v1/apply", json={}), 405)
