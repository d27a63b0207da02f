"""`--watch`: the same answer again whenever it changes, until Ctrl-C."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from orchestrator.cli.formats import compact
from orchestrator.cli.session import Session, Text

PERIOD_S: Final = 0.5

Look = Callable[[], tuple[Any, Text, Sequence[str]]]
"""Asks the controller; what `Session.show` takes."""


def show(session: Session, look: Look, *, watch: bool) -> None:
    """Print what `look` returns, once or for as long as someone watches."""
    if not watch:
        session.show(*look())
    elif session.format.for_people and session.out.live:
        _redraw(session, look)
    else:
        _repeat(session, look)


def _redraw(session: Session, look: Look) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text as RichText

    console = Console(file=session.out.stream, highlight=False)
    with Live(console=console, auto_refresh=False) as live:
        while True:
            lines = look()[1](session.out.paint)
            live.update(RichText.from_ansi("\n".join(lines), no_wrap=True), refresh=True)
            time.sleep(PERIOD_S)


def _repeat(session: Session, look: Look) -> None:
    """For pipes: the whole again on every change, data as one line of JSON each."""
    last: Any = None
    while True:
        data, text, names = look()
        seen = _without_age(data)
        if seen != last:
            last = seen
            if session.format.for_people or session.format == "name":
                session.show(data, text, names)
            else:
                session.out.line(compact(data))
        time.sleep(PERIOD_S)


def _without_age(data: Any) -> Any:
    """Time alone is no change."""
    if isinstance(data, list):
        return [_without_age(one) for one in data]
    return {key: data[key] for key in data if key != "age_s"} if isinstance(data, dict) else data
