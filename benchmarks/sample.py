"""What every contender runs: the sample app with the same limits."""

import subprocess
from pathlib import Path
from typing import Any, Final

from docker import DockerClient
from docker.errors import ImageNotFound

ROOT: Final = Path(__file__).resolve().parent.parent
BASES: Final = ("python:3.12-slim", "orchestrator-base:3")
IMAGE: Final = "orchestrator-bench:1"
PORT: Final = 8000
CPUS: Final = 1
CPU_REQUEST_MILLICORES: Final = 50
CPU_SHARES: Final = CPU_REQUEST_MILLICORES * 1024 // 1000  # as Kubernetes turns one into the other
MEMORY_MIB: Final = 128
BUILD_TIMEOUT_S: Final = 600

# The hardening that every replica of ours gets, for those peers that are to do the same work.
HARDENED: Final[dict[str, Any]] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "pids_limit": 256,
    "tmpfs": {"/tmp": ""},
}
LIMITS: Final[dict[str, Any]] = {
    "mem_limit": MEMORY_MIB * 2**20,
    "nano_cpus": CPUS * 10**9,
    "cpu_shares": CPU_SHARES,
}


def build(client: DockerClient) -> None:
    """Have the image, from a base that the engine has or gets. Raises `CalledProcessError`."""
    subprocess.run(
        [str(ROOT / "scripts" / "base-image.sh")], check=True, capture_output=True,
        timeout=BUILD_TIMEOUT_S,
    )  # fmt: skip
    base = next(name for name in BASES if has_image(client, name))
    client.images.build(
        path=str(ROOT / "sample_app"), tag=IMAGE, buildargs={"BASE": base}, rm=True,
        timeout=BUILD_TIMEOUT_S,
    )  # fmt: skip


def has_image(client: DockerClient, name: str) -> bool:
    """Whether the engine has it."""
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def manifest(replicas: int, listen: int) -> str:
    """The service as a manifest of ours: everything that is not said keeps its demo default."""
    return f"""\
kind: Service
name: web
image: {IMAGE}
port: {PORT}
replicas: {replicas}
resources:
  requests: {{cpu: {CPU_REQUEST_MILLICORES}m, memory: 32Mi}}
  limits: {{cpu: {CPUS}, memory: {MEMORY_MIB}Mi}}
probes:
  startup: {{path: /healthz}}
  readiness: {{path: /healthz}}
  liveness: {{path: /healthz}}
proxy: {{listen: {listen}}}
"""


def compose_file(restart: str = "no") -> str:
    """The same service as a Compose file."""
    return f"""\
services:
  web:
    image: {IMAGE}
    restart: "{restart}"
    cpus: {CPUS}
    cpu_shares: {CPU_SHARES}
    mem_limit: {MEMORY_MIB}m
    environment: {{PORT: "{PORT}"}}
    stop_grace_period: 1s
"""
