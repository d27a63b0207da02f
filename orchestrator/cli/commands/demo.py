"""`demo`: the narrated run."""

from dataclasses import asdict
from typing import Annotated, Final

import typer

from orchestrator.cli.commands.up import Engine
from orchestrator.cli.exits import DONE, FAILED, UsageError
from orchestrator.cli.session import Session

PAUSE_S: Final = 5.0
FAST_PAUSE_S: Final = 0.5


def demo(
    session: Session,
    engine: Annotated[
        Engine, typer.Option("--engine", help="auto: Docker where it answers, else processes.")
    ] = Engine.AUTO,
    fast: Annotated[bool, typer.Option("--fast", help="Look less long at each step.")] = False,
) -> int:
    """Show it all in half a minute.

    Places, balances, scales, kills and heals real replicas, counting failed requests.
    """
    if engine is Engine.SIMULATED:
        raise UsageError(
            "the demo sends requests, and simulated replicas answer none",
            remedy="use --engine docker or --engine process",
        )
    import asyncio
    import signal

    from orchestrator.cli.demo.run import run

    voice = session.out if session.format.for_people else session.err
    # However it is ended, it takes down what it started.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    pause_s = FAST_PAUSE_S if fast else PAUSE_S
    figures = asyncio.run(run(session, voice, engine.value, pause_s))
    data = asdict(figures)
    session.show(data, lambda _: [], [])
    return FAILED if figures.left else DONE
