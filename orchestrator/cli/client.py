"""The API as the command line uses it: JSON in, JSON out, problems as errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from orchestrator.cli.exits import NoControllerError, WaitTimeoutError
from orchestrator.model.errors import OrchestratorError

if TYPE_CHECKING:
    import httpx

TIMEOUT_S: Final = 30.0


class ApiError(OrchestratorError):
    """The controller refused or failed; `status` is the HTTP status."""

    def __init__(self, message: str, *, status: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status


class Client:
    """Talks to one controller. Raises `ApiError`, `NoControllerError`, `WaitTimeoutError`."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        import httpx

        self.url = url
        # A proxy named in the environment has no business between us and 127.0.0.1.
        self._http = httpx.Client(base_url=url, timeout=timeout_s, trust_env=False)

    def get(self, path: str, **query: Any) -> Any:
        """What is at `path`; query values that are None are left out."""
        return self._answer("GET", path, params=_given(query))

    def post(self, path: str, body: Any = None, timeout_s: float | None = None) -> Any:
        """Order something; the answer, None if it has no body."""
        extra = {} if timeout_s is None else {"timeout": timeout_s}
        return self._answer("POST", path, json={} if body is None else body, **extra)

    def delete(self, path: str) -> None:
        """Want it no more."""
        self._answer("DELETE", path)

    def lines(self, path: str, **query: Any) -> Iterator[str]:
        """The lines of an endless answer, as they come."""
        import httpx

        patient = httpx.Timeout(TIMEOUT_S, read=None)
        with (
            _translated(self.url),
            self._http.stream("GET", path, params=_given(query), timeout=patient) as response,
        ):
            if response.is_error:
                response.read()
                raise _problem(response)
            yield from response.iter_lines()

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    def _answer(self, method: str, path: str, **options: Any) -> Any:
        with _translated(self.url):
            response = self._http.request(method, path, **options)
        if response.is_error:
            raise _problem(response)
        return response.json() if response.content else None


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in query.items() if value is not None}


@contextmanager
def _translated(url: str) -> Iterator[None]:
    import httpx

    try:
        yield
    except httpx.TimeoutException as error:
        raise WaitTimeoutError(
            f"the controller at {url} does not answer in time", remedy="see: orch doctor"
        ) from error
    except httpx.ConnectError as error:
        raise NoControllerError(
            f"no controller answers at {url}", remedy="start it with: orch up"
        ) from error
    except httpx.TransportError as error:
        raise ApiError(f"the controller at {url} went away: {error}", status=0) from error


def _problem(response: "httpx.Response") -> ApiError:
    try:
        body = response.json()
        detail, remedy = str(body["detail"]), str(body.get("remedy", ""))
    except (ValueError, KeyError, TypeError):
        detail, remedy = f"the controller answered {response.status_code}", "see: orch doctor"
    return ApiError(detail, status=response.status_code, remedy=remedy)
