"""Twenty replicas without us: by a bare thread pool, and by Compose."""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from docker import DockerClient
from docker.models.containers import Container

from benchmarks import containers, sample

COMPOSE_TIMEOUT_S: Final = 120


@dataclass(frozen=True, slots=True)
class Startup:
    """Seconds from the begin of a run.

    `started`: the tool said that all run; `answering`: each has answered a request."""

    started: float
    answering: float


@dataclass(frozen=True, slots=True)
class Lone:
    """One container with nothing beside it: seconds for create + start, then to its answer."""

    engine: float
    app: float


def lone(client: DockerClient, **options: Any) -> Lone:
    """Start one container and await its first answer."""
    with containers.network(client, containers.unique("lone")) as project:
        begin = time.perf_counter()
        container = containers.create(client, project, **options)
        container.start()
        started = time.perf_counter()
        containers.await_answer(containers.address(container))
        return Lone(started - begin, time.perf_counter() - started)


def pool(client: DockerClient, replicas: int, threads: int, **options: Any) -> float:
    """Seconds for create + start by so many threads at once, and nothing else."""
    with (
        containers.network(client, containers.unique("pool")) as project,
        ThreadPoolExecutor(threads) as starting,
    ):
        begin = time.perf_counter()
        list(starting.map(lambda _: _start(client, project, options), range(replicas)))
        return time.perf_counter() - begin


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many containers at once: seconds until all answered, and the median one's own seconds from
    its start to its first answer."""

    answering: float
    app: float


def asked_pool(client: DockerClient, replicas: int, threads: int, **options: Any) -> Crowd:
    """As `pool`, and each replica is asked from its own start on until it answers."""
    with (
        containers.network(client, containers.unique("crowd")) as project,
        ThreadPoolExecutor(replicas) as asking,
        ThreadPoolExecutor(threads) as starting,
    ):
        begin = time.perf_counter()

        def start(_: int) -> tuple[float, Future[float]]:
            container = _start(client, project, options)
            return time.perf_counter(), asking.submit(_answered, container)

        ran = [(since, answer.result()) for since, answer in starting.map(start, range(replicas))]
    answering = max(then for _, then in ran) - begin
    return Crowd(answering, median(then - since for since, then in ran))


def _start(client: DockerClient, project: str, options: dict[str, Any]) -> Container:
    container = containers.create(client, project, **options)
    container.start()
    return container


def compose(client: DockerClient, command: list[str], replicas: int) -> Startup:
    """`docker compose up --scale web=N -d`, then each replica is asked until it answers."""
    with compose_project(client, command) as (call, project), ThreadPoolExecutor(replicas) as pool:
        begin = time.perf_counter()
        call("up", "--scale", f"web={replicas}", "--detach", "--no-build", "--pull", "never")
        started = time.perf_counter()
        answered = list(pool.map(_answered, of_compose(client, project)))
    return Startup(started - begin, max(answered) - begin)


@contextlib.contextmanager
def compose_project(
    client: DockerClient, command: list[str], restart: str = "no"
) -> Iterator[tuple[Any, str]]:
    """A function that calls Compose in a project of its own, and the project's name."""
    project = containers.unique("compose")
    with tempfile.TemporaryDirectory(prefix="orch-bench-") as folder:
        file = Path(folder, "compose.yaml")
        file.write_text(sample.compose_file(restart))

        def call(*args: str) -> None:
            argv = [*command, "--progress", "quiet", "-p", project, "-f", str(file), *args]
            subprocess.run(argv, check=True, capture_output=True, timeout=COMPOSE_TIMEOUT_S)

        try:
            yield call, project
        finally:
            containers.remove_labelled(client, f"com.docker.compose.project={project}")


def of_compose(client: DockerClient, project: str) -> list[Container]:
    """The containers of a Compose project."""
    label = f"com.docker.compose.project={project}"
    found: list[Container] = client.containers.list(filters={"label": label})
    return found


def _answered(container: Container) -> float:
    containers.await_answer(containers.address(container))
    return time.perf_counter()
