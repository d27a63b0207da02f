"""The life of a replica: the only steps there are, all of them forward, and the words for each.

    begun → STARTING → running → RUNNING → stopping → STOPPING → exited → EXITED

Any phase may be skipped (a replica can vanish while it starts), none can be returned to.
"""

import math
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any, Final, Literal

from orchestrator.core.restart import should_restart
from orchestrator.core.slots import ending, why_failed
from orchestrator.model.plan import StartReplica
from orchestrator.model.quantity import format_duration
from orchestrator.model.spec import Probes, ServiceSpec
from orchestrator.model.state import Endpoint, Exit, Phase, Replica, SlotHistory

ProbeKind = Literal["startup", "readiness", "liveness"]


_FIELDS: Final = tuple(field.name for field in fields(Replica))
_values: Final = attrgetter(*_FIELDS)


class BackwardStepError(ValueError):
    """A replica was to return to a phase it had reached or left: news that came too late."""


def begun(action: StartReplica, spec: ServiceSpec, now: float) -> Replica:
    """The replica whose start has just been ordered. From now on it holds its room."""
    return Replica(
        id=action.id,
        node=action.node,
        revision=action.revision,
        phase=Phase.STARTING,
        cpu_millicores=spec.resources.request_cpu_millicores,
        memory_bytes=spec.resources.request_memory_bytes,
        extended=spec.resources.requests.extended,
        created_at=now,
    )


def running(
    replica: Replica, engine_id: str, endpoint: Endpoint | None, probes: Probes, now: float
) -> Replica:
    """The engine runs it. What no probe has to confirm is so at once."""
    started = probes.startup is None
    ready = started and probes.readiness is None
    return _forward(
        replica,
        Phase.RUNNING,
        engine_id=engine_id,
        endpoint=endpoint,
        started=started,
        ready=ready,
        ready_since=now if ready else None,
    )


def probed(replica: Replica, kind: ProbeKind, passed: bool, probes: Probes, now: float) -> Replica:
    """A probe reached a verdict. A failed startup or liveness probe is for good."""
    if replica.phase is not Phase.RUNNING:
        raise BackwardStepError(f"{replica.id} is {replica.phase.name}, a probe of it is old")
    if kind == "readiness":
        return _with_ready(replica, passed and replica.started, now)
    if not passed:
        return replace(replica, alive=False)
    if kind == "liveness" or replica.started:
        return replica
    return _with_ready(replace(replica, started=True), probes.readiness is None, now)


def reprobed(replica: Replica, probes: Probes, now: float) -> Replica:
    """Its probes are others now: what none of them has to confirm is so at once."""
    started = replica.started or probes.startup is None
    ready = replica.ready or (started and probes.readiness is None)
    if (started, ready) == (replica.started, replica.ready):
        return replica
    return _with_ready(replace(replica, started=started), ready, now)


def stopping(replica: Replica) -> Replica:
    """Its end was ordered: it is routed to no more."""
    return _forward(replica, Phase.STOPPING, ready=False)


def exited(replica: Replica, how: Exit, now: float) -> Replica:
    """It runs no more."""
    return _forward(replica, Phase.EXITED, ready=False, exit=how, exited_at=now)


def _forward(replica: Replica, phase: Phase, **changes: Any) -> Replica:
    if replica.phase >= phase:
        raise BackwardStepError(f"{replica.id} is {replica.phase.name}, not {phase.name} again")
    return _changed(replica, phase=phase, **changes)


def _changed(replica: Replica, **changes: Any) -> Replica:
    """`dataclasses.replace` at two thirds of its price: it is paid for every step of a replica."""
    return Replica(**(dict(zip(_FIELDS, _values(replica), strict=True)) | changes))


def _with_ready(replica: Replica, ready: bool, now: float) -> Replica:
    if ready == replica.ready:
        return replica
    return replace(replica, ready=ready, ready_since=now if ready else None)


# -- words ----------------------------------------------------------------------------------------

BACK_OFF_WORDS: Final = {
    "ErrImagePull": "ImagePullBackOff",
    "ErrImageBuild": "ImageBuildBackOff",
}


def slot_status(
    current: Replica | None,
    history: SlotHistory,
    policy: str,
    pending_reason: str | None,
    now: float,
) -> tuple[str, str]:
    """The status word of a slot and a sentence on it ("" where there is nothing to add).

    `current` is the slot's newest replica, or an older one to be told of for itself; `policy` its
    service's restart policy; `pending_reason` the scheduler's, if it found no node.
    """
    if current is not None and current.phase is not Phase.EXITED:
        return _living(current)
    how = current.exit if current else None
    if current and how and current.id.attempt < history.last_attempt:
        return ("Stopped" if how.ordered else how.word), _told(how)
    if pending_reason:
        return "Pending", pending_reason
    if how and not should_restart(policy, how):
        return ("Completed" if how.succeeded else "Failed"), _told(how)
    if now < history.not_before:
        return _backing_off(how or history.last_exit or Exit(), history.not_before - now)
    return "Pending", f"to be restarted: {_told(how)}" if how else ""


def _living(replica: Replica) -> tuple[str, str]:
    if replica.phase is Phase.STOPPING:
        return "Terminating", ""
    if replica.phase is Phase.STARTING:
        return "Starting", ""
    if not replica.alive:
        return "Running", why_failed(replica)
    if replica.ready:
        return "Ready", ""
    waits_for = "readiness" if replica.started else "startup"
    return "Running", f"the {waits_for} probe does not pass"


def _backing_off(how: Exit, left_s: float) -> tuple[str, str]:
    pause = f"back-off {format_duration(math.ceil(left_s))}"
    if word := BACK_OFF_WORDS.get(how.reason):
        return word, f"{pause} getting the image{_message(how)}"
    return "CrashLoopBackOff", f"{pause} restarting failed replica ({how.word}){_message(how)}"


def _told(how: Exit) -> str:
    return ending(how) + _message(how)


def _message(how: Exit) -> str:
    return f": {how.message}" if how.message else ""
