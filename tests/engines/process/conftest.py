"""Process engines of one project, without control groups unless a test is about these."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.engines.process import ProcessEngine
from tests.engines.contract.bench import Bench


@pytest.fixture
async def bench(state_dir: Path) -> AsyncIterator[Bench]:
    """A project of its own, cleared afterwards."""
    bench = Bench("process-plain", state_dir)
    try:
        yield bench
    finally:
        await bench.clear()


@pytest.fixture
async def engine(bench: Bench) -> ProcessEngine:
    """One open engine of that project."""
    engine = await bench.engine()
    assert isinstance(engine, ProcessEngine)
    return engine


@pytest.fixture
def folder(bench: Bench) -> Path:
    """Where its replicas are written down."""
    return bench.state_dir / bench.project / "process"


@pytest.fixture
async def stranger() -> AsyncIterator[int]:
    """The pid of a process that is none of ours."""
    process = await asyncio.create_subprocess_exec("sleep", "600", start_new_session=True)
    try:
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
