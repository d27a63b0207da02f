"""All commands, in the order in which a person meets them."""

import os
import sys
from collections.abc import Callable
from typing import Final

import typer

from orchestrator.cli.command import command, discard_output
from orchestrator.cli.commands.apply import apply
from orchestrator.cli.commands.demo import demo
from orchestrator.cli.commands.doctor import doctor
from orchestrator.cli.commands.down import down
from orchestrator.cli.commands.events import events
from orchestrator.cli.commands.explain import explain
from orchestrator.cli.commands.inspect import inspect
from orchestrator.cli.commands.load import load
from orchestrator.cli.commands.local import schema, version
from orchestrator.cli.commands.logs import logs
from orchestrator.cli.commands.nodes import cordon, crash, drain, recover, uncordon
from orchestrator.cli.commands.pack import pack
from orchestrator.cli.commands.plan import plan
from orchestrator.cli.commands.reading import nodes, ps, services
from orchestrator.cli.commands.rebalance import rebalance
from orchestrator.cli.commands.replicas import execute, kill
from orchestrator.cli.commands.rollout import pause, resume, status
from orchestrator.cli.commands.services import delete, restart, scale
from orchestrator.cli.commands.sim import run as sim_run
from orchestrator.cli.commands.top import top
from orchestrator.cli.commands.trust import trust
from orchestrator.cli.commands.undo import undo
from orchestrator.cli.commands.up import up
from orchestrator.cli.commands.validate import validate
from orchestrator.cli.exits import BROKEN_PIPE, INTERRUPTED

COMMANDS: Final[dict[str, Callable[..., int | None]]] = {
    "up": up,
    "down": down,
    "demo": demo,
    "validate": validate,
    "plan": plan,
    "pack": pack,
    "apply": apply,
    "undo": undo,
    "scale": scale,
    "restart": restart,
    "delete": delete,
    "ps": ps,
    "services": services,
    "nodes": nodes,
    "top": top,
    "load": load,
    "inspect": inspect,
    "explain": explain,
    "events": events,
    "logs": logs,
    "kill": kill,
    "exec": execute,
    "cordon": cordon,
    "uncordon": uncordon,
    "rebalance": rebalance,
    "drain": drain,
    "crash": crash,
    "recover": recover,
    "schema": schema,
    "trust": trust,
    "doctor": doctor,
    "version": version,
}
ROLLOUT_COMMANDS: Final[dict[str, Callable[..., int | None]]] = {
    "pause": pause,
    "resume": resume,
    "status": status,
}

app = typer.Typer(
    name="orch",
    help="A small cloud on one computer: place, run, balance and heal replicas of your service.",
    no_args_is_help=True,
    # Rich help would double the time until the first line.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _function in COMMANDS.items():
    app.command(_name)(command(_function))
sim = typer.Typer(help="Studies in virtual time.", no_args_is_help=True, rich_markup_mode=None)
sim.command("run")(command(sim_run))
app.add_typer(sim, name="sim")
rollout = typer.Typer(
    help="Pause rollouts, resume them, say how far one is.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for _name, _function in ROLLOUT_COMMANDS.items():
    rollout.command(_name)(command(_function))
app.add_typer(rollout, name="rollout")


def run() -> None:
    """Run the command line and exit."""
    try:
        code = app(prog_name="orch", standalone_mode=True)
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        code = INTERRUPTED
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
        code = BROKEN_PIPE
    sys.exit(code or os.EX_OK)
