"""A controller that serves its API on a free port, on the process engine, for a module's tests."""

import contextlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from orchestrator.api.server import Served, ServeOptions, serving
from orchestrator.model.spec import ServiceSpec
from tests.support.guardian import guardian
from tests.support.rig import QUICK, Rig


@dataclass(frozen=True)
class Api:
    """What answers, a client of it, and services to send."""

    served: Served
    client: httpx.AsyncClient
    rig: Rig

    @property
    def writes(self) -> int:
        """Calls so far that changed something on the engine."""
        return self.served.controller.engine.writes

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a route that answers well."""
        answer = await self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        """A write."""
        return await self.client.post(path, json={} if body is None else body)

    async def apply(self, *services: ServiceSpec, **fields: Any) -> httpx.Response:
        """As `orch apply` sends it."""
        return await self.post("/v1/apply", manifests(*services) | fields)


def manifests(*services: ServiceSpec) -> dict[str, Any]:
    """Services as the command line sends them: only what was written."""
    return {"services": [one.model_dump(mode="json", exclude_unset=True) for one in services]}


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem an answer is."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "remedy"}
    assert (body["type"], body["status"]) == ("about:blank", status)
    assert body["title"]
    assert body["detail"]
    return body


@contextlib.asynccontextmanager
async def answering(folder: Path) -> AsyncIterator[Api]:
    """A controller that is destroyed afterwards."""
    rig = Rig("process-plain", folder)
    options = ServeOptions(rig.project, QUICK, engine="process", api_port=0)
    async with serving(options) as served:
        client = httpx.AsyncClient(base_url=served.url, trust_env=False, verify=False, timeout=10)
        async with client:
            yield Api(served, client, rig)
        await served.controller.destroy(at_once=True)
    assert rig.leftovers() == []


@pytest.fixture
async def api(state_dir: Path) -> AsyncIterator[Api]:
    """One for this test alone."""
    async with answering(state_dir) as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Api]:
    """One for all tests of a module: they change nothing that the next one looks at."""
    with tempfile.TemporaryDirectory(dir=guardian().folder) as folder:
        async with answering(Path(folder)) as one:
            yield one
