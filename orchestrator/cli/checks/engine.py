"""Docker: does it answer, may we talk to it, has it the images."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from docker.errors import DockerException

from orchestrator.cli.checks.finding import Finding, Level, Subject
from orchestrator.cli.checks.manifests import services_of
from orchestrator.engines.docker.address import find
from orchestrator.model.errors import EngineError

BASE_IMAGES: Final = ("python:3.12-slim", "orchestrator-base:3")
SOCKET: Final = Path("/var/run/docker.sock")
TIMEOUT_S: Final = 5


def engine(subject: Subject) -> Iterator[Finding]:
    """Docker, a base image for the sample app, and the images that the manifests name."""
    from orchestrator.engines.docker import probe

    try:
        found = asyncio.run(probe())
    except EngineError as error:
        remedy = _socket_remedy() or error.remedy or "install and start one: make engine"
        text = f"{error}; without it, replicas are processes of this machine"
        yield Finding("docker", Level.WARNING, text, remedy)
        return
    text = f"Docker {found.version} answers at {found.address}"
    yield Finding("docker", Level.OK, text)
    try:
        tags = _tags()
    except (DockerException, OSError, EngineError) as error:
        yield Finding("images", Level.WARNING, f"images cannot be listed: {error}")
        return
    yield _base_image(tags)
    yield from _named_images(subject, tags)


def _socket_remedy() -> str:
    if SOCKET.exists() and not os.access(SOCKET, os.R_OK | os.W_OK):
        return f"no permission on {SOCKET}: sudo usermod -aG docker $USER, then log in again"
    return ""


def _tags() -> set[str]:
    client = find().dial(TIMEOUT_S)
    try:
        return {tag for image in client.images() for tag in image["RepoTags"] or ()}
    finally:
        client.close()


def _base_image(tags: set[str]) -> Finding:
    there = [name for name in BASE_IMAGES if name in tags]
    if there:
        return Finding("base image", Level.OK, f"{there[0]} is there, for the sample app")
    text = f"none of {', '.join(BASE_IMAGES)} is there: the sample app has to pull one"
    return Finding("base image", Level.WARNING, text, "get or make one: make base-image")


def _named_images(subject: Subject, tags: set[str]) -> Iterator[Finding]:
    for service in services_of(subject):
        image = service.image or f"{service.name}:latest"
        there = image in tags or f"{image}:latest" in tags
        check = f"image of {service.name}"
        if there or service.build is not None:
            state = "is there" if there else "is built at the first start"
            yield Finding(check, Level.OK, f"{image} {state}")
        elif service.image is not None:
            text = f"{image} is not there: the first start pulls it"
            yield Finding(check, Level.WARNING, text, f"get it now: docker pull {image}")


def process_limits(subject: Subject) -> Iterator[Finding]:
    """What the process engine can bound."""
    from orchestrator.engines.process import ProcessEngine

    limits = ProcessEngine(subject.project.name, subject.project.folder).limits
    bound = {"cpu", "memory"} & limits
    if len(bound) == 2:
        yield Finding("process limits", Level.OK, "control groups bound cpu and memory")
        return
    missing = " and ".join(sorted({"cpu", "memory"} - bound))
    yield Finding(
        "process limits", Level.WARNING, f"control groups do not bound {missing} of processes here",
        "run as a user who may make control groups, or use Docker for real limits",
    )  # fmt: skip
