"""A launch in the words of the engine's API (`POST /containers/create`)."""

from typing import Any, Final

from orchestrator.engines.docker.identity import labels_of, network_name
from orchestrator.model.launch import Launch

TMPFS_OPTIONS: Final = "rw,noexec,nosuid,nodev,mode=1777,size=64m"
"""For each writable folder. What is in it counts as memory of the replica."""
MIN_CPU_SHARES: Final = 2
"""The kernel's smallest weight."""
LOOPBACK: Final = "127.0.0.1"


def create_request(project: str, launch: Launch, *, publish: bool) -> dict[str, Any]:
    """The body. `publish`: the port is also reached through a free one on 127.0.0.1.

    There is no init process in the container, as in Kubernetes: the app is process 1, gets the
    signals itself and should reap its children; what it leaves is bounded by the pids limit.
    """
    aliases = [launch.id.service, launch.hostname]
    network = network_name(project)
    return {
        "Image": launch.image,
        "Hostname": launch.hostname,
        "User": launch.security.user or "",
        "Env": [f"{name}={value}" for name, value in launch.env.items()],
        "Labels": labels_of(project, launch),
        "HostConfig": _hardening(launch)
        | _limits(launch)
        | {"NetworkMode": network, "RestartPolicy": {"Name": "no"}}
        | ({"PortBindings": {_port(launch): [{"HostIp": LOOPBACK}]}} if publish else {}),
        "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": aliases}}},
        **({"Cmd": list(launch.command)} if launch.command is not None else {}),
        **({"ExposedPorts": {_port(launch): {}}} if launch.port is not None else {}),
    }


def _port(launch: Launch) -> str:
    return f"{launch.port}/tcp"


def _hardening(launch: Launch) -> dict[str, Any]:
    security = launch.security
    return {
        "ReadonlyRootfs": security.read_only_root,
        "Tmpfs": dict.fromkeys(security.tmpfs, TMPFS_OPTIONS),
        "CapDrop": ["ALL"],
        "CapAdd": list(security.cap_add),
        "SecurityOpt": ["no-new-privileges"] if security.no_new_privileges else [],
        "PidsLimit": security.pids_limit,
        "Privileged": False,
        "Init": False,
    }


def _limits(launch: Launch) -> dict[str, Any]:
    """Memory has no swap beside it. Weight of CPU by request as in Kubernetes: 1,024 a core."""
    limits: dict[str, Any] = {}
    if launch.memory_limit_bytes is not None:
        limits |= dict.fromkeys(("Memory", "MemorySwap"), launch.memory_limit_bytes)
    if launch.cpu_limit_millicores is not None:
        limits["NanoCpus"] = launch.cpu_limit_millicores * 1_000_000
    if launch.cpu_request_millicores:
        limits["CpuShares"] = max(MIN_CPU_SHARES, launch.cpu_request_millicores * 1024 // 1000)
    return limits
