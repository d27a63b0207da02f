"""The project that is soaked: its manifest and image, its begin, and that nothing of it is left."""

import asyncio
import io
import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from docker import DockerClient

from benchmarks import machine, sample
from benchmarks.containers import leftovers
from benchmarks.ours import SERVICE, CommandFailedError, Ours
from benchmarks.processes import alive
from benchmarks.soak import backend
from benchmarks.soak.chaos import Manifest
from benchmarks.soak.report import Outcome

IMAGE: Final = "orchestrator-soak:1"


def manifest_of(one: Ours, ledger_port: int, engine: str) -> Manifest:
    """What makes the manifest of each round: every round is a new revision."""
    # A name in the command, so that nothing that is left of the project can hide.
    host = "" if engine == "docker" else "127.0.0.1"

    def manifest(replicas: int, turn: int) -> str:
        return f"""\
kind: Service
name: {SERVICE}
image: {IMAGE}
command: [python, -m, benchmarks.soak.backend, {one.project}]
process: {{workdir: {json.dumps(str(sample.ROOT))}}}
port: {sample.PORT}
replicas: {replicas}
env: {{{backend.LEDGER_VARIABLE}: "{host}:{ledger_port}", ROUND: "{turn}"}}
resources:
  requests: {{cpu: 50m, memory: 48Mi}}
  limits: {{memory: 256Mi}}
probes:
  startup: {{path: /healthz}}
  readiness: {{path: /healthz}}
  liveness: {{path: /healthz}}
restart: {{policy: always, backoff: {{initial: 200ms, factor: 1, max: 1s, resetAfter: 5s}}}}
proxy: {{listen: {one.port}}}
"""

    return manifest


@asynccontextmanager
async def up(one: Ours, client: DockerClient | None, outcome: Outcome) -> AsyncIterator[None]:
    """The project runs within the block; afterwards nothing of it may be left."""
    if client is not None:
        await asyncio.to_thread(_build, client)
    try:
        await asyncio.to_thread(one.up)
        yield
    finally:
        try:
            await asyncio.to_thread(one.down)
        except CommandFailedError as error:
            outcome.trouble.append(f"orch down: {error}")
        outcome.trouble += [
            f"orch down left {what}" for what in await asyncio.to_thread(_left, one, client)
        ]


def _left(one: Ours, client: DockerClient | None) -> list[str]:
    """Processes, files, containers and networks of the project."""
    found = alive(one.project)
    found += [str(path) for path in one.state.rglob("*") if not path.is_dir()]
    return found + (leftovers(client, one.project) if client else [])


def docker_client() -> DockerClient:
    """Raises `SystemExit` when no engine answers."""
    client = machine.engine_client()
    if client is None:
        raise SystemExit("no Docker engine answers (make engine); or take --engine process")
    return client


def _build(client: DockerClient) -> None:
    """The replica's image: the sample app's with one module more."""
    sample.build(client)
    text = Path(backend.__file__).read_bytes()
    recipe = f"FROM {sample.IMAGE}\nCOPY backend.py /app/benchmarks/soak/backend.py\n".encode()
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, data in (("Dockerfile", recipe), ("backend.py", text)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    context.seek(0)
    client.images.build(fileobj=context, custom_context=True, tag=IMAGE, rm=True)
