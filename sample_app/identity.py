"""Who this replica is: its place as the orchestrator's environment variables give it."""

import os
import socket


def replica_name() -> str:
    """`service-slot` when an orchestrator gave both, else the host's name."""
    service, slot = os.environ.get("ORCH_SERVICE"), os.environ.get("ORCH_SLOT")
    return f"{service}-{slot}" if service and slot else socket.gethostname()


def identity() -> dict[str, str | int | None]:
    """Everything that tells this replica from the others; None where nobody said."""
    env = os.environ
    return {
        "replica": replica_name(),
        "slot": number("ORCH_SLOT"),
        "attempt": number("ORCH_ATTEMPT"),
        "node": env.get("ORCH_NODE"),
        "zone": env.get("ORCH_ZONE"),
        "revision": number("ORCH_REVISION"),
        "version": env.get("VERSION", "1.0"),
        "pid": os.getpid(),
        "greeting": env.get("GREETING"),
    }


def number(variable: str) -> int | str | None:
    """The variable as a number, as text where it is none, or None where it is not set."""
    text = os.environ.get(variable)
    return int(text) if text and text.isascii() and text.isdigit() else text
