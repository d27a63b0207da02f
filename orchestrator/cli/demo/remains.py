"""Whether anything is left of a project: replicas, networks, processes, ports, folders."""

import socket
from dataclasses import dataclass
from pathlib import Path

from orchestrator.runtime.processes import start_ticks


@dataclass(frozen=True, slots=True)
class Trace:
    """What a running project can be recognised by."""

    project: str
    engine: str
    processes: dict[int, int]
    """pid → start time, of replicas (process engine), proxy workers and the controller."""
    port: int
    folder: Path


def left_of(trace: Trace) -> list[str]:
    """Each thing still there, in words; empty if nothing is."""
    alive = [pid for pid, begun in trace.processes.items() if start_ticks(pid) == begun]
    left = [f"process {pid}" for pid in alive]
    if trace.engine == "docker":
        left += _docker_objects(trace.project)
    if not _is_free(trace.port):
        left.append(f"port {trace.port}")
    if trace.folder.exists():
        left.append(f"folder {trace.folder}")
    return left


def ticks_of(pids: list[int]) -> dict[int, int]:
    """The start times of those that run."""
    return {pid: begun for pid in pids if (begun := start_ticks(pid)) is not None}


def _docker_objects(project: str) -> list[str]:
    from orchestrator.engines.docker.address import find
    from orchestrator.model.names import LABEL_PROJECT

    labelled = {"label": f"{LABEL_PROJECT}={project}"}
    client = find().dial(5)
    try:
        containers = client.containers(all=True, filters=labelled)
        networks = client.networks(filters=labelled)
    finally:
        client.close()
    return [
        *(f"container {one['Id'][:12]}" for one in containers),
        *(f"network {one['Name']}" for one in networks),
    ]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
