"""Building an image from a folder, with the engine's own builder. Blocks."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from orchestrator.engines.docker.dockerfile import base_argument
from orchestrator.engines.docker.faults import explained
from orchestrator.model.errors import ImageError
from orchestrator.model.launch import ImageSpec
from orchestrator.model.names import LABEL_SOURCE

REASON: Final = "ErrImageBuild"
SHOWN_LINES: Final = 10
"""Of a failed build's output, in the error."""
_FROM: Final = re.compile(r"Step \d+/\d+ : FROM ", re.IGNORECASE).match


def build(client: docker.APIClient, image: ImageSpec) -> Iterator[str]:
    """Yields the builder's output, line by line. The digest of the sources becomes a label.

    Raises `ImageError` with the last lines of the output.
    """
    shown: deque[str] = deque(maxlen=SHOWN_LINES)
    for told in _steps(client, image):
        if "error" in told:
            raise _failure(image, str(told["error"]).strip(), shown)
        for line in filter(None, str(told.get("stream", "")).splitlines()):
            shown.append(line)
            yield line


def _steps(client: docker.APIClient, image: ImageSpec) -> Iterator[dict[str, Any]]:
    context = Path(image.context or "").resolve()
    if not context.is_dir():
        raise _failure(image, f"{image.context} is no folder", ())
    arguments = dict(image.build_args) | base_argument(
        context / image.dockerfile, image.build_args, lambda name: _is_there(client, name)
    )
    try:
        yield from client.build(
            path=str(context),
            dockerfile=image.dockerfile,
            tag=image.image,
            buildargs=arguments,
            labels={LABEL_SOURCE: image.source},
            rm=True,
            forcerm=True,
            decode=True,
        )
    except APIError as error:
        raise _failure(image, explained(error), ()) from error
    except (OSError, DockerException) as error:
        if isinstance(error, OSError) and error.filename is None:
            raise  # the connection, not a file of the context
        raise _failure(image, str(error), ()) from error


def _is_there(client: docker.APIClient, name: str) -> bool:
    try:
        client.inspect_image(name)  # type: ignore[no-untyped-call]
    except ImageNotFound:
        return False
    return True


def _failure(image: ImageSpec, why: str, shown: Sequence[str]) -> ImageError:
    output = "".join(f"\n  {line}" for line in shown)
    remedy = f"correct {image.dockerfile} in {image.context}"
    if shown and _FROM(shown[-1]):
        remedy = "get its base image with docker pull; that of the sample app: make base-image"
    return ImageError(
        f"building image {image.image} failed: {why}{output}", reason=REASON, remedy=remedy
    )
