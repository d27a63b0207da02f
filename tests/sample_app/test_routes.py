"""What the routes answer."""

import httpx
import pytest

from .conftest import Start

PLACE = {
    "ORCH_SERVICE": "web",
    "ORCH_SLOT": "2",
    "ORCH_ATTEMPT": "3",
    "ORCH_NODE": "node-1",
    "ORCH_ZONE": "a",
    "ORCH_REVISION": "4",
    "GREETING": "hello",
    "VERSION": "2.0",
}


def test_who_am_i_tells_the_place_from_the_environment(start: Start) -> None:
    replica = start(**PLACE)
    assert replica.client.get("/").json() == {
        "replica": "web-2",
        "slot": 2,
        "attempt": 3,
        "node": "node-1",
        "zone": "a",
        "revision": 4,
        "version": "2.0",
        "pid": replica.process.pid,
        "greeting": "hello",
    }


def test_who_am_i_without_an_orchestrator(client: httpx.Client) -> None:
    answer = client.get("/").json()
    assert answer["replica"]
    assert answer["version"] == "1.0"
    assert answer["slot"] is None


def test_wait_answers_no_sooner(client: httpx.Client) -> None:
    answer = client.get("/wait?ms=60")
    assert answer.elapsed.total_seconds() >= 0.06
    assert answer.json()["waited_ms"] == 60


def test_echo_returns_body_and_type(client: httpx.Client) -> None:
    body = bytes(range(256)) * 1000
    answer = client.post("/echo", content=body, headers={"content-type": "image/x-made-up"})
    assert answer.content == body
    assert answer.headers["content-type"] == "image/x-made-up"


def test_echo_of_a_chunked_body(client: httpx.Client) -> None:
    assert client.post("/echo", content=iter([b"one ", b"two"])).content == b"one two"


def test_echo_refuses_what_it_would_have_to_hoard(client: httpx.Client) -> None:
    answer = client.post("/echo", content=b"x" * (8 * 2**20 + 1))
    assert answer.status_code == 413


def test_stream_comes_in_chunks(client: httpx.Client) -> None:
    answer = client.get("/stream?chunks=3&ms=1")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert [line.split()[-1] for line in answer.text.splitlines()] == ["1/3", "2/3", "3/3"]


def test_headers_as_they_arrived(client: httpx.Client) -> None:
    answer = client.get("/headers", headers={"X-Forwarded-For": "192.0.2.1"})
    assert ["x-forwarded-for", "192.0.2.1"] in answer.json()


def test_head_is_get_without_the_body(client: httpx.Client) -> None:
    answer = client.head("/healthz")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("method", "target", "status", "names"),
    [
        ("GET", "/nowhere", 404, "/nowhere"),
        ("DELETE", "/", 405, "GET"),
        ("GET", "/echo", 405, "POST"),
        ("GET", "/wait?ms=-1", 400, "ms='-1'"),
        ("GET", "/wait?ms=60001", 400, "from 0 to 60000"),
        ("GET", "/work?ms=1e3", 400, "ms='1e3'"),
        ("GET", "/work?ms=%D9%A1", 400, "ms="),
        ("GET", "/memory?mb=", 400, "mb=''"),
        ("GET", "/items?limit=0", 400, "limit='0'"),
        ("GET", "/items?limit=101", 400, "from 1 to 100"),
        ("GET", "/stream?chunks=x", 400, "chunks='x'"),
        ("POST", "/switch?healthy=maybe", 400, "true or false"),
        ("POST", "/switch?helthy=false", 400, "healthy"),
        ("POST", "/switch?crash=0", 400, "from 1 to 255"),
    ],
)
def test_bad_requests_are_problems_that_name_the_mistake(
    client: httpx.Client, method: str, target: str, status: int, names: str
) -> None:
    answer = client.request(method, target)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert names in answer.json()["detail"]
