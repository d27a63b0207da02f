"""What docker-py and requests raise, in the project's own words."""

import contextlib
from collections.abc import Iterator
from typing import Final

import requests
import urllib3.exceptions
from docker.errors import APIError, DockerException, NotFound

from orchestrator.model.errors import (
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    NotFoundError,
)

TRANSPORT: Final = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    DockerException,
    OSError,
)
"""All that a call can raise without a mistake of ours."""
_TIMEOUTS: Final = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)


@contextlib.contextmanager
def translated(what: str, url: str) -> Iterator[None]:
    """`what` was tried ("start web-1"), at `url`. Raises the engine errors of `model.errors`."""
    try:
        yield
    except NotFound as error:
        raise NotFoundError(f"cannot {what}: {explained(error)}") from error
    except APIError as error:
        raise EngineError(f"cannot {what}: {explained(error)}") from error
    except TRANSPORT as error:
        if any(isinstance(one, _TIMEOUTS) for one in _causes(error)):
            raise _too_late(what, url) from error
        raise _unavailable(error, url) from error


def _too_late(what: str, url: str) -> EngineTimeoutError:
    """The engine is overloaded, or hangs."""
    return EngineTimeoutError(
        f"the Docker engine at {url} did not {what} in time",
        remedy="see whether `docker ps` answers; if not, restart the engine",
    )


def explained(error: APIError) -> str:
    """The engine's own words for it, on one line."""
    return " ".join(str(error.explanation or error).split())


def _unavailable(error: BaseException, url: str) -> EngineUnavailableError:
    if any(isinstance(one, PermissionError) for one in _causes(error)):
        return EngineUnavailableError(
            f"no permission to use the Docker engine at {url}",
            remedy="add yourself to its group: sudo usermod -aG docker $USER, then log in again",
        )
    reason = next(filter(None, map(_os_reason, _causes(error))), str(error))
    return EngineUnavailableError(
        f"no Docker engine answers at {url}: {reason}",
        remedy="start it (sudo systemctl start docker, or Docker Desktop), or use --engine process",
    )


def _os_reason(error: BaseException) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it: docker-py and requests wrap what they caught."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            inner = [arg for arg in one.args if isinstance(arg, BaseException)]
            waiting += [one.__cause__, one.__context__, *inner]
