"""Ending a project through its controller, or without one."""

import time
from typing import TYPE_CHECKING, Final

from orchestrator.cli.exits import NoControllerError, WaitTimeoutError
from orchestrator.cli.session import Session
from orchestrator.cli.spinning import spinning

if TYPE_CHECKING:
    from orchestrator.runtime.project import ControllerRecord

TICK_S: Final = 0.05
TIMEOUT_S: Final = 60.0


def shut_down(session: Session, record: "ControllerRecord", timeout_s: float = TIMEOUT_S) -> int:
    """Have the controller remove everything and end; return when its process is gone.

    How many replicas there were.
    Raises `WaitTimeoutError`.
    """
    try:
        replicas = sum(row["id"] is not None for row in session.client.get("/v1/replicas"))
        session.client.post("/v1/shutdown")
    except NoControllerError:
        replicas = 0
    words = f"Removing project {record.project}: {replicas} replicas"
    deadline = time.monotonic() + timeout_s
    with spinning(session.err, words) as spin:
        while record.alive:
            if time.monotonic() > deadline:
                raise WaitTimeoutError(
                    f"the controller (pid {record.pid}) is still busy after {timeout_s:g} s",
                    remedy=f"wait, or: kill -9 {record.pid}, then orch down again",
                )
            spin.tick()
            time.sleep(TICK_S)
    return replicas
