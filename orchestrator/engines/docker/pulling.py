"""Pulling an image from its registry. Blocks."""

from collections.abc import Iterator
from typing import Any, Final

import docker
from docker.errors import APIError

from orchestrator.engines.docker.dockerfile import OFFLINE
from orchestrator.engines.docker.faults import explained
from orchestrator.model.errors import ImageError
from orchestrator.model.launch import ImageSpec

REASON: Final = "ErrImagePull"


def pull(client: docker.APIClient, image: ImageSpec) -> Iterator[str]:
    """Yields what becomes of each layer, without every step of its progress.

    Raises `ImageError` where it may not be pulled or cannot.
    """
    if not image.pull:
        raise _failure(image, "it is not on the engine, and `pull: never` forbids to pull it")
    yield f"Pulling {image.image}"
    said: dict[str, str] = {}
    for told in _steps(client, image):
        if "error" in told:
            raise _failure(image, str(told["error"]))
        layer, status = str(told.get("id", "")), str(told.get("status", ""))
        if said.get(layer) != status:
            said[layer] = status
            yield f"{layer}: {status}" if layer else status


def _steps(client: docker.APIClient, image: ImageSpec) -> Iterator[dict[str, Any]]:
    try:
        yield from client.pull(image.image, stream=True, decode=True)
    except APIError as error:
        raise _failure(image, explained(error)) from error


def _failure(image: ImageSpec, why: str) -> ImageError:
    if image.image == OFFLINE:
        remedy = "make it: make base-image"
    else:
        remedy = f"see what `docker pull {image.image}` says, or give the service a `build:` folder"
    return ImageError(f"no image {image.image}: {why}", reason=REASON, remedy=remedy)
