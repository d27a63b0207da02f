"""Controllers in processes of their own, asked over their API, killed with SIGKILL."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx

from orchestrator.model.spec import ServiceSpec
from tests.support.http import load
from tests.support.rig import Rig
from tests.support.wait import eventually_async


class Up:
    """A running controller and a client of it."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url
        self.client = httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=10)

    async def get(self, path: str) -> Any:
        """What a route answers."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any) -> Any:
        """What a write answers."""
        answer = await self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def apply(self, *services: ServiceSpec) -> Any:
        """As `orch apply` sends it."""
        sent = [one.model_dump(mode="json", exclude_unset=True) for one in services]
        return await self.post("/v1/apply", {"services": sent})

    async def ready(self, service: str, count: int) -> list[dict[str, Any]]:
        """Wait for so many ready replicas, and no others."""

        async def look() -> list[dict[str, Any]] | None:
            rows: list[dict[str, Any]] = await self.get(f"/v1/replicas?service={service}")
            return rows if [row["ready"] for row in rows] == [True] * count else None

        return await eventually_async(look, 20, f"{count} of {service} are ready")


@contextlib.asynccontextmanager
async def up(rig: Rig) -> AsyncIterator[Up]:
    """A controller of the rig's project, killed at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.controller"),
        *(str(rig.project.folder.parent), rig.project.name, rig.kind),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        assert url, "it did not start"
        one = Up(process, url)
        async with one.client:
            yield one
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def test_killed_under_load_and_taken_over(rig: Rig) -> None:
    """Fault 44: no failed request, of those that are never sent twice; the same replicas, none
    started, none ended."""
    web = rig.service(replicas=3)
    async with up(rig) as first:
        await first.apply(web)
        before = await first.ready("web", 3)
        async with load(f"127.0.0.1:{rig.port}", clients=16, method="POST") as traffic:
            await eventually_async(lambda: traffic.total > 200)
            first.process.send_signal(signal.SIGKILL)
            await first.process.wait()
            served = traffic.total
            await eventually_async(lambda: traffic.total > served + 500)
            async with up(rig) as second:
                after = await second.ready("web", 3)
                plan = await second.apply(web)
                assert (plan["add"], plan["change"], plan["destroy"]) == (0, 0, 0)
                served = traffic.total
                await eventually_async(lambda: traffic.total > served + 200)
    assert traffic.failures == []
    same = ("name", "id", "attempt", "revision", "node", "endpoint")
    assert [[row[key] for key in same] for row in after] == [
        [row[key] for key in same] for row in before
    ]


async def test_a_second_controller_is_refused_and_told_of_the_first(rig: Rig) -> None:
    """Fault 10."""
    async with up(rig) as first:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.controller"),
            *(str(rig.project.folder.parent), rig.project.name, rig.kind),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert (process.returncode, out) == (1, b"")
        assert f"pid {first.process.pid} at {first.url}".encode() in err
        assert (await first.get("/healthz")) == {"status": "ok"}


async def test_the_record_of_a_killed_controller_names_nobody(rig: Rig) -> None:
    async with up(rig) as first:
        record = rig.project.controller()
        assert record is not None
        assert (record.pid, record.url) == (first.process.pid, first.url)
    assert rig.project.controller() is None
    async with up(rig) as second:
        record = rig.project.controller()
        assert record is not None
        assert record.pid == second.process.pid


async def test_a_record_with_a_reused_pid_names_nobody(rig: Rig) -> None:
    """Fault 16: the number lives, but it is another process."""
    path = rig.project.folder / "controller.json"
    async with up(rig):
        written = json.loads(path.read_text())
    path.write_text(json.dumps(written | {"pid": os.getpid()}))
    assert rig.project.controller() is None
    path.unlink()


async def test_shutdown_leaves_nothing(rig: Rig) -> None:
    async with up(rig) as only:
        await only.apply(rig.service(replicas=2))
        await only.ready("web", 2)
        assert await only.post("/v1/shutdown", {}) == {"status": "shutting down"}
        async with asyncio.timeout(20):
            assert await only.process.wait() == 0
    assert rig.leftovers() == []
