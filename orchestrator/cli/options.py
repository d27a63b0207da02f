"""Options that more than one command has, each defined once."""

from typing import Annotated

import typer

from orchestrator.cli import completing
from orchestrator.cli.exits import UsageError
from orchestrator.cli.formats import Format

Project = Annotated[
    str | None,
    typer.Option(
        "--project", metavar="NAME", envvar="ORCH_PROJECT", show_default=False,
        help="Which project; several run side by side.  [default: default]",
    ),
]  # fmt: skip
StateDir = Annotated[
    str | None,
    typer.Option(
        "--state-dir", metavar="DIR", envvar="ORCH_STATE_DIR",
        help="Where projects keep their state.  [default: ~/.local/state/orchestrator]",
        show_default=False,
    ),
]  # fmt: skip
Output = Annotated[
    Format, typer.Option("-o", "--output", help="How to print.", case_sensitive=False)
]
Files = Annotated[
    list[str] | None,
    typer.Option(
        "-f", "--file", metavar="PATH",
        help="A manifest, a folder of them, or - for standard input. Repeatable.",
    ),
]  # fmt: skip
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Print again whenever it changes.")]
Wait = Annotated[bool, typer.Option("--wait", help="Return when every replica is ready.")]
Timeout = Annotated[
    str, typer.Option("--timeout", metavar="DURATION", help="How long to wait: 90s, 2m.")
]
ReplicaName = Annotated[
    str,
    typer.Argument(
        metavar="REPLICA",
        show_default=False,
        help="Such as web-2.",
        autocompletion=completing.replicas,
    ),
]
ServiceOrReplica = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        show_default=False,
        help="A service (web) or a replica (web-2).",
        autocompletion=completing.services_and_replicas,
    ),
]
NodeName = Annotated[
    str, typer.Argument(metavar="NODE", show_default=False, autocompletion=completing.nodes)
]

NodeNames = Annotated[
    list[str],
    typer.Argument(metavar="NODE...", show_default=False, autocompletion=completing.nodes),
]


def seconds(text: str, option: str = "--timeout") -> float:
    """Seconds of `60s`, `2m` or plain `60`. Raises `UsageError` that names the option."""
    from orchestrator.model.errors import QuantityError
    from orchestrator.model.quantity import parse_duration

    try:
        return float(text) if text.isascii() and text.isdigit() else parse_duration(text)
    except QuantityError as error:
        raise UsageError(f"{option}: {error}") from None
