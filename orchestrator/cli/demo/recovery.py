"""Killing a replica and taking the time of its recovery, from the controller's own events."""

import time
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.cli.client import Client
from orchestrator.cli.exits import WaitTimeoutError

TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds from the order to kill."""

    replica: str
    noticed_s: float
    """The controller knew of the death, and told the proxy."""
    started_s: float
    """The replacement ran."""
    ready_s: float
    """It was ready and got requests."""


def kill_and_time(client: Client, replica: str) -> Recovery:
    """SIGKILL one replica; returns when its replacement is ready. Raises `WaitTimeoutError`."""
    newest = client.get("/v1/events", limit=1)
    after = newest[-1]["serial"] if newest else 0
    killed_at = time.time()
    client.post(f"/v1/replicas/{replica}/kill", {"signal": "KILL"})
    seen: dict[str, float] = {}
    deadline = time.monotonic() + TIMEOUT_S
    while "Ready" not in seen:
        if time.monotonic() > deadline:
            raise WaitTimeoutError(f"{replica} did not recover in {TIMEOUT_S:g} s")
        for event in client.get("/v1/events", after=after):
            after = event["serial"]
            if event["object"] == f"replica/{replica}":
                _note(seen, event, killed_at)
        time.sleep(POLL_S)
    return Recovery(replica, seen["Died"], seen["Started"], seen["Ready"])


def _note(seen: dict[str, float], event: Any, killed_at: float) -> None:
    """The death comes first, whatever word it has; then the replacement's start and readiness."""
    word = event["reason"]
    after_s = max(0.0, event["time"] - killed_at)
    if "Died" not in seen:
        if word not in ("Suspect", "Scheduled", "Started", "Ready"):
            seen["Died"] = after_s
    elif word in ("Started", "Ready"):
        seen.setdefault(word, after_s)
