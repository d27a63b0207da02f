"""`kill` and `exec`: reaching into a replica."""

import sys
from typing import Annotated

import typer

from orchestrator.cli import completing, options
from orchestrator.cli.formats import bare
from orchestrator.cli.session import Session

EXTRA_S = 10.0
"""What the controller may need beyond the command's own time."""


def kill(
    session: Session,
    replicas: Annotated[
        list[str],
        typer.Argument(
            metavar="REPLICA...",
            show_default=False,
            help="Such as web-2.",
            autocompletion=completing.replicas,
        ),
    ],
    signal: Annotated[
        str, typer.Option("--signal", "-s", metavar="NAME", help="KILL, TERM, STOP, …")
    ] = "KILL",
) -> None:
    """Kill replicas, to see them replaced."""
    word = signal.upper().removeprefix("SIG")
    names = [bare(name) for name in replicas]
    for name in names:
        session.client.post(f"/v1/replicas/{name}/kill", {"signal": word})
    data = [{"name": name, "signal": word} for name in names]
    lines = [f"replica/{name}" for name in names]
    session.show(data, lambda _: [f"{line} was sent SIG{word}" for line in lines], lines)


def execute(
    session: Session,
    replica: options.ReplicaName,
    argv: Annotated[
        list[str],
        typer.Argument(metavar="-- COMMAND...", show_default=False, help="What to run."),
    ],
    timeout: options.Timeout = "60s",
) -> int:
    """Run a command inside a replica.

    Its exit code becomes ours.
    """
    limit_s = options.seconds(timeout)
    body = {"argv": argv, "timeout_s": limit_s}
    path = f"/v1/replicas/{bare(replica)}/exec"
    result = session.client.post(path, body, timeout_s=limit_s + EXTRA_S)
    if session.format.for_people:
        sys.stdout.write(result["stdout"])
        sys.stdout.flush()
        sys.stderr.write(result["stderr"])
    else:
        session.show(result, lambda _: [], [f"replica/{bare(replica)}"])
    return int(result["exit_code"])
