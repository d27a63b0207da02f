"""Signals by name, as people write them: `KILL`, `SIGKILL` or `kill`."""

from signal import Signals

from orchestrator.model.errors import InvalidRequestError


def signal_named(name: str) -> Signals:
    """The signal. Raises `InvalidRequestError` if this system has none of that name."""
    try:
        return Signals[f"SIG{short(name)}"]
    except KeyError as error:
        raise unknown_signal(name) from error


def short(name: str) -> str:
    """Without `SIG`, in capitals."""
    return name.upper().removeprefix("SIG")


def unknown_signal(name: str) -> InvalidRequestError:
    """What to say of a name that stands for no signal."""
    return InvalidRequestError(
        f"{name!r} is no signal here", remedy="for example KILL, TERM, HUP, STOP"
    )
