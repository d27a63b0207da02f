"""What all commands share: the common options, and how they end when something goes wrong."""

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from typing import Any, Final

import typer

from orchestrator.cli import options
from orchestrator.cli.exits import BROKEN_PIPE, FAILED, INTERRUPTED, code_of
from orchestrator.cli.formats import Format
from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Terminal, standard_error
from orchestrator.model.errors import ManifestError, OrchestratorError

_COMMON: Final = (
    ("project", options.Project, None),
    ("state_dir", options.StateDir, None),
    ("output", options.Output, Format.TABLE),
)


def command(function: Callable[..., int | None]) -> Callable[..., None]:
    """Make `function(session, …)` a typer command with `--project`, `--state-dir` and `-o`.

    An int that it returns is the exit code.
    """

    @wraps(function)
    def run(**given: Any) -> None:
        project, state_dir = given.pop("project"), given.pop("state_dir")
        session = Session(project, state_dir, given.pop("output"))
        with reported(session.err), closing(session):
            if code := function(session, **given):
                raise typer.Exit(code)

    _, *own = inspect.signature(function).parameters.values()
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, kind, default in _COMMON
    ]
    # Typer learns a command's options from here.
    run.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in (*own, *common)}
    return run


@contextmanager
def reported(err: Terminal) -> Iterator[None]:
    """Turn what can go wrong into words on stderr and an exit code."""
    try:
        yield
    except OrchestratorError as error:
        tell(error, err)
        raise typer.Exit(code_of(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        discard_output()
        raise typer.Exit(BROKEN_PIPE) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        tell(OrchestratorError(f"{where}{error.strerror or error}"), err)
        raise typer.Exit(FAILED) from None


def tell(error: OrchestratorError, err: Terminal | None = None) -> None:
    """`error: …`, and below it what to do."""
    err = err or standard_error()
    label = err.paint("error:", "red")
    if isinstance(error, ManifestError):
        err.lines(f"{label} {problem}" for problem in error.problems)
        return
    err.line(f"{label} {error}")
    if error.remedy:
        err.line(f"  {error.remedy}")


def discard_output() -> None:
    """Nobody reads any more: what is still buffered must not be complained about at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
