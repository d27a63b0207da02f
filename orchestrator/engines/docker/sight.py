"""What the engine says of containers, as replicas."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from orchestrator.engines.docker.identity import Identity, identity_of
from orchestrator.model.launch import EngineReplica
from orchestrator.model.state import Endpoint, Exit

_RUNNING: Final = frozenset({"running", "paused", "restarting"})
_ENDED: Final = frozenset({"exited", "dead"})


def has_ended(summary: Mapping[str, Any]) -> bool:
    """Whether a container of a list has run and runs no more."""
    return summary["State"] in _ENDED


def from_summary(
    project: str, summary: Mapping[str, Any], exit_: Exit | None = None
) -> EngineReplica | None:
    """One entry of `GET /containers/json`; None for a stranger and for one being removed.

    The list gives the creation in whole seconds only, hence so does `started_wall`.
    """
    identity = identity_of(project, summary.get("Labels"))
    if identity is None or summary["State"] == "removing":
        return None
    networks = (summary.get("NetworkSettings") or {}).get("Networks") or {}
    ports = (port.get("PublicPort") for port in summary["Ports"])
    return _replica(
        identity,
        engine_id=summary["Id"],
        created=int(summary["Created"]),
        running=summary["State"] in _RUNNING,
        endpoint=_endpoint(identity, networks, next(filter(None, ports), None)),
        exit_=exit_,
    )


def from_inspection(project: str, found: Mapping[str, Any]) -> EngineReplica | None:
    """The answer of `GET /containers/ID/json`; None for a stranger."""
    identity = identity_of(project, found["Config"].get("Labels"))
    if identity is None:
        return None
    settings, state = found["NetworkSettings"], found["State"]
    bindings = [port for ports in (settings.get("Ports") or {}).values() for port in ports or ()]
    published = next((int(port["HostPort"]) for port in bindings), None)
    return _replica(
        identity,
        engine_id=found["Id"],
        created=int(datetime.fromisoformat(found["Created"]).timestamp()),
        running=state["Status"] in _RUNNING,
        endpoint=_endpoint(identity, settings.get("Networks") or {}, published),
        exit_=exit_of(found) if state["Status"] in _ENDED else None,
    )


def exit_of(found: Mapping[str, Any]) -> Exit:
    """How an inspected container ended. The engine's OOM flag says that some process in it was
    killed so: no failure if the app itself then ended well."""
    code = found["State"]["ExitCode"]
    return ended(code, oom_killed=found["State"].get("OOMKilled", False))


def ended(code: int, *, oom_killed: bool) -> Exit:
    """An exit code, and whether anything inside was killed for want of memory."""
    return Exit(code=code, oom_killed=oom_killed and code != 0)


def _replica(
    identity: Identity,
    *,
    engine_id: str,
    created: int,
    running: bool,
    endpoint: Endpoint | None,
    exit_: Exit | None,
) -> EngineReplica:
    return EngineReplica(
        id=identity.id,
        engine_id=engine_id,
        node=identity.node,
        revision=identity.revision,
        running=running,
        endpoint=endpoint if running else None,
        exit=exit_,
        started_wall=float(created),
        cpu_request_millicores=identity.cpu_request_millicores,
        memory_request_bytes=identity.memory_request_bytes,
    )


def _endpoint(
    identity: Identity, networks: Mapping[str, Any], published: int | None
) -> Endpoint | None:
    """The published port where there is one, else the address on the project's network."""
    if identity.port is None:
        return None
    if published is not None:
        return Endpoint("127.0.0.1", published)
    address = next((net["IPAddress"] for net in networks.values() if net.get("IPAddress")), None)
    return Endpoint(address, identity.port) if address else None
