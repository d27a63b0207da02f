"""Bare containers through docker-py: the floor that no orchestrator on this engine can go below."""

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, Final

from docker import DockerClient
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.models.networks import Network

from benchmarks import sample
from benchmarks.http import answers
from benchmarks.wait import until

LABEL: Final = "orchestrator-bench"
ANSWER_TIMEOUT_S: Final = 60.0
ASK_PAUSE_S: Final = 0.01
_numbers = count(1)


def unique(kind: str) -> str:
    """A project name that nobody else has."""
    return f"bench-{kind}-{os.getpid()}-{next(_numbers)}"


@contextlib.contextmanager
def network(client: DockerClient, name: str) -> Iterator[str]:
    """A bridge of its own, removed afterwards with all containers labelled with its name."""
    client.networks.create(name, driver="bridge", labels={LABEL: name})
    try:
        yield name
    finally:
        remove_labelled(client, f"{LABEL}={name}")


def create(client: DockerClient, project: str, **options: Any) -> Container:
    """One container of the sample app, created and not started."""
    return client.containers.create(
        sample.IMAGE,
        detach=True,
        network=project,
        labels={LABEL: project},
        environment={"PORT": str(sample.PORT)},
        **{**sample.LIMITS, **options},
    )


def address(container: Container) -> str:
    """Where it is reached from this host. It must run."""
    container.reload()
    networks: dict[str, Any] = container.attrs["NetworkSettings"]["Networks"]
    return next(str(network["IPAddress"]) for network in networks.values())


def await_answer(host: str) -> None:
    """Return when the sample app in there answers. Raises `TimeoutError`."""
    what = f"an answer of {host}"
    until(lambda: answers(host, sample.PORT), ANSWER_TIMEOUT_S, what, ASK_PAUSE_S)


def remove_labelled(client: DockerClient, label: str) -> None:
    """Remove all containers and networks with a label, killing what runs."""
    found = client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(_remove, found))
    for one in client.networks.list(filters={"label": label}):
        with contextlib.suppress(NotFound):
            _remove_network(one)


def _remove_network(network: Network) -> None:
    try:
        network.remove()
    except APIError as error:
        # Docker 20.10 can lose count of a network's users (moby#42119): not ours to mend.
        if "active endpoints" not in str(error):
            raise


def leftovers(client: DockerClient, project: str) -> list[str]:
    """Names of the containers and networks that name a project in name or label."""
    containers = client.containers.list(all=True, ignore_removed=True)
    things = [(one.name or "", one.labels) for one in containers]
    things += [(one.name or "", one.attrs.get("Labels") or {}) for one in client.networks.list()]
    return [name for name, labels in things if project in name or project in labels.values()]


def _remove(container: Container) -> None:
    with contextlib.suppress(NotFound, APIError):
        container.remove(force=True, v=True)
