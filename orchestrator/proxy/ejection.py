"""Passive health: which backends of a service are passed over, by what requests found."""

from typing import TYPE_CHECKING

from orchestrator.core.outliers import panics
from orchestrator.model.shortage import is_own_shortage

if TYPE_CHECKING:
    from orchestrator.proxy.backend import Backend
    from orchestrator.proxy.frontend import Frontend


def report_connect_failure(frontend: "Frontend", backend: "Backend", error: OSError) -> None:
    """Count a failed connect and pass the backend over, unless the shortage is this machine's."""
    if is_own_shortage(error):
        return
    why = str(error) or type(error).__name__
    backend.connect_failures += 1
    backend.suspect(why)
    report_failure(frontend, backend, why)


def report_failure(frontend: "Frontend", backend: "Backend", why: str) -> None:
    """Count a failed request: a 5xx answer, a failed connect, a reset, a time-out."""
    now = frontend.clock.now
    ejected = len(_ejected(frontend, now))
    rules = frontend.listener.outliers
    if backend.record.fail(rules, ejected, len(frontend.backends), now):
        backend.eject(f"ejected after {rules.consecutive_failures} failures in a row: {why}")


def passed_over(frontend: "Frontend") -> "set[Backend]":
    """Backends that get requests only if there is no other; forgets suspects whose time is over."""
    now = frontend.clock.now
    frontend.suspects = {
        b for b in frontend.suspects if b.suspect_until > now or b.record.ejected_until > now
    }
    ejected = _ejected(frontend, now)
    if not panics(frontend.listener.outliers, len(ejected), len(frontend.backends)):
        return frontend.suspects
    return {b for b in frontend.suspects if b.suspect_until > now}


def _ejected(frontend: "Frontend", now: float) -> "list[Backend]":
    return [b for b in frontend.suspects if b.record.ejected_until > now]
