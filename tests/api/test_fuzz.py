"""Whatever is sent, the answer is one that the document knows: no crash, no 500, no plain text."""

import asyncio
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import Api, answering
from tests.support.guardian import guardian

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from(["web", "job", "250m", "64Mi", "1s", "/healthz", "always", "KILL", "a" * 300])
)  # fmt: skip
KEYS = st.sampled_from([
    "services", "nodes", "prune", "serial", "name", "image", "command", "port", "replicas", "env",
    "resources", "requests", "limits", "cpu", "memory", "probes", "readiness", "path", "tcp",
    "exec", "restart", "policy", "backoff", "placement", "proxy", "listen", "build", "context",
    "capacity", "labels", "signal", "argv", "timeout_s", "kind", "zone", "security", "process",
]) | st.text(max_size=5)  # fmt: skip
BODIES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
NEARLY = st.dictionaries(KEYS, BODIES, min_size=1, max_size=2).map(
    lambda wrong: {"services": [{"name": "web", "image": "a", "port": 80, "replicas": 2} | wrong]}
)
"""A manifest in which one or two fields are anything."""

NAMES = st.sampled_from(["job", "job-1", "local", "nobody", "service", "replica", "node"]) | (
    st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=8)
)
VALUES = st.sampled_from(["", "0", "-1", "1e9", "true", "job", "9" * 30, "%00", "\ud7ff", "NaN"])
PROBLEM = {"type", "title", "status", "detail", "remedy"}


class Target:
    """A served controller on a loop of its own, for tests that are not coroutines."""

    def __init__(self, loop: asyncio.Runner, api: Api) -> None:
        self._loop = loop
        self._api = api
        document = loop.run(api.get("/openapi.json"))
        self.routes = [
            (method, path)
            for path, methods in document["paths"].items()
            for method in methods
            if not path.endswith(("/shutdown", "/stream"))
        ]

    def ask(self, method: str, path: str, query: dict[str, str], body: Any) -> httpx.Response:
        """One request."""
        content = None if method == "get" else json.dumps(body)
        sent = self._api.client.request(
            method, path, params=query, content=content,
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        return self._loop.run(sent)


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """One for all examples; it holds one service, `job`, that fits nowhere: nothing ever runs."""
    huge = {"requests": {"cpu": "1000", "memory": "8Mi"}}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=guardian().folder))
        loop = stack.enter_context(asyncio.Runner())
        serving = answering(Path(folder))
        api = loop.run(serving.__aenter__())
        try:
            loop.run(api.apply(api.rig.worker(replicas=1, resources=huge)))
            yield Target(loop, api)
        finally:
            loop.run(serving.__aexit__(None, None, None))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_request_is_answered_with_a_crash(target: Target, data: st.DataObject) -> None:
    method, template = data.draw(st.sampled_from(target.routes))
    names = {name: data.draw(NAMES) for name in re.findall(r"{(\w+)}", template)}
    path = re.sub(r"{(\w+)}", lambda found: _quoted(names[found[1]]), template)
    keys = st.sampled_from(["after", "limit", "object", "service", "all", "tail", "previous"])
    query = data.draw(st.dictionaries(keys, VALUES, max_size=2))
    body = data.draw(NEARLY | BODIES if path == "/v1/plan" else BODIES)
    answer = target.ask(method, path, query, body)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) == PROBLEM


def _quoted(name: str) -> str:
    return "".join(f"%{byte:02X}" for byte in name.encode())
