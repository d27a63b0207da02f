"""What the engine's own restart policy does for a container that dies, alone and under Compose."""

import os
import signal
import time
from collections.abc import Callable
from typing import Final

from docker import DockerClient
from docker.models.containers import Container

from benchmarks import containers, sample
from benchmarks.http import answers
from benchmarks.startup_peers import compose_project, of_compose
from benchmarks.wait import until

ALWAYS: Final = {"Name": "always"}
RESTART_TIMEOUT_S: Final = 15.0
PATIENCE_S: Final = 5.0

Killer = Callable[[DockerClient, str], None]


def engine_kill(client: DockerClient, container: str) -> None:
    """As `docker kill` does."""
    client.api.kill(container)


def process_kill(client: DockerClient, container: str) -> None:
    """The process dies by itself, as the engine sees it. Raises `PermissionError` without root,
    `ProcessLookupError` where the engine is on another kernel."""
    os.kill(client.api.inspect_container(container)["State"]["Pid"], signal.SIGKILL)


def restarted(client: DockerClient) -> float:
    """Seconds from a process's death to the next answer, with `docker run --restart always`."""
    with containers.network(client, containers.unique("restart")) as project:
        container = _running(client, project)
        begin = time.perf_counter()
        process_kill(client, container.id or "")
        until(lambda: _answers_again(container), RESTART_TIMEOUT_S, "a restart", 0.005)
        return time.perf_counter() - begin


def survives_engine_kill(client: DockerClient) -> bool:
    """Whether `docker run --restart always` brings back what `docker kill` ended."""
    with containers.network(client, containers.unique("restart")) as project:
        return _comes_back(client, _running(client, project))


def survives_under_compose(client: DockerClient, command: list[str]) -> bool:
    """Whether Compose's `restart: always` brings back what `docker kill` ended."""
    with compose_project(client, command, restart="always") as (call, project):
        call("up", "--detach", "--no-build", "--pull", "never", "--wait")
        (container,) = of_compose(client, project)
        containers.await_answer(containers.address(container))
        return _comes_back(client, container)


def _running(client: DockerClient, project: str) -> Container:
    container = containers.create(client, project, restart_policy=ALWAYS)
    container.start()
    containers.await_answer(containers.address(container))
    return container


def _answers_again(container: Container) -> bool:
    container.reload()
    if not container.attrs["RestartCount"] or not container.attrs["State"]["Running"]:
        return False
    host = containers.address(container)
    return bool(host) and answers(host, sample.PORT)


def _comes_back(client: DockerClient, container: Container) -> bool:
    engine_kill(client, container.id or "")
    try:
        until(lambda: _answers_again(container), PATIENCE_S, "a restart", 0.05)
    except TimeoutError:
        return False
    return True
