"""Stopping, signalling and removing one container. What is gone already is success."""

import contextlib
import math
from typing import Final

import docker
from docker.errors import APIError, NotFound

from orchestrator.engines.docker.faults import explained
from orchestrator.model.errors import NotFoundError
from orchestrator.model.signals import signal_named, unknown_signal

CONFLICT: Final = 409


def stop(client: docker.APIClient, engine_id: str, grace_s: float) -> None:
    """The engine counts the grace, in whole seconds: it keeps the deadline even without us."""
    with contextlib.suppress(NotFound):
        client.stop(engine_id, timeout=math.ceil(grace_s))


def send_signal(client: docker.APIClient, engine_id: str, signal: str) -> None:
    """Raises `NotFoundError` where nothing runs, `InvalidRequestError` for an unknown signal."""
    name = signal_named(signal).name
    try:
        client.kill(engine_id, name)
    except APIError as error:
        if error.status_code == CONFLICT:
            raise NotFoundError(f"container {engine_id[:12]} does not run") from error
        if "nvalid signal" in explained(error):
            raise unknown_signal(signal) from error
        raise


def remove(client: docker.APIClient, engine_id: str) -> None:
    """With its anonymous volumes; killed first if it runs. Also while someone else removes it."""
    try:
        client.remove_container(engine_id, v=True, force=True)
    except APIError as error:
        if not isinstance(error, NotFound) and error.status_code != CONFLICT:
            raise
