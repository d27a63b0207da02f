"""Errors as RFC 9457 problem details."""

from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from orchestrator.model.errors import (
    ConflictError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidRequestError,
    ManifestError,
    NotFoundError,
    OrchestratorError,
    StateError,
)
from orchestrator.model.views import Problem

_STATUS: Final[tuple[tuple[type[OrchestratorError], int], ...]] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (ManifestError, 422),
    (InvalidRequestError, 422),
    (EngineUnavailableError, 503),
    (EngineTimeoutError, 504),
    (EngineError, 502),
    (StateError, 507),
    (OrchestratorError, 500),
)


def problem_response(status: int, detail: str, remedy: str = "") -> JSONResponse:
    """An answer that says what is wrong and what to do."""
    title = HTTPStatus(status).phrase
    problem = Problem(title=title, status=status, detail=detail, remedy=remedy)
    return JSONResponse(
        problem.model_dump(), status_code=status, media_type="application/problem+json"
    )


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    app.add_exception_handler(OrchestratorError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


async def _ours(_: Request, error: Exception) -> JSONResponse:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    return problem_response(status, str(error), getattr(error, "remedy", ""))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    lines = [
        f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()[:20]
    ]
    return problem_response(422, "; ".join(lines))


async def _bug(_: Request, error: Exception) -> JSONResponse:
    """Ours, not the caller's. The server logs it with its traceback."""
    return problem_response(
        500, f"{type(error).__name__}: {error}", "this is a bug: please report controller.log"
    )


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    return problem_response(error.status_code, str(error.detail))
