"""What the figures were measured on."""

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import docker
from docker import DockerClient
from docker.errors import DockerException

from orchestrator import __version__

PACKAGES: Final = ("docker", "uvloop", "httptools")


def facts() -> dict[str, str]:
    """Name → value: hardware, kernel, engine and versions. Nothing that names the machine."""
    return {
        "processor": f"{len(os.sched_getaffinity(0))} cores, {processor()}",
        "memory": f"{memory_gib():.0f} GiB",
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "engine": engine(),
        "Compose": compose_version() or "not found",
        "Python": platform.python_version(),
        "orchestrator": __version__,
        **{name: package(name) for name in PACKAGES},
    }


def load_warning() -> str:
    """A sentence when other work already keeps the processors busy, else ""."""
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    if load < cores / 2:
        return ""
    return f"the machine is busy with other work (load {load:.1f} on {cores} cores)"


def processor() -> str:
    """The processor's model, as far as the kernel tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_gib() -> float:
    """RAM in GiB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def engine_client() -> DockerClient | None:
    """A client of the engine, or None when none answers."""
    try:
        client = docker.from_env(timeout=30, max_pool_size=64)
        client.ping()
    except DockerException:
        return None
    return client


def engine() -> str:
    """The engine's version and how it confines containers."""
    client = engine_client()
    if client is None:
        return "no Docker engine answers"
    info: dict[str, Any] = client.info()
    cgroups = info.get("CgroupVersion", "1")
    return f"Docker {info['ServerVersion']}, {info['Driver']}, cgroup v{cgroups}"


def package(name: str) -> str:
    """The version that is installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def compose_command() -> list[str] | None:
    """How to call Compose: the binary beside our Python (the `bench` extra), on the PATH, or the
    plugin of the docker command; None when there is none."""
    beside = Path(sys.executable).with_name("docker-compose")
    for found in (str(beside) if beside.exists() else None, shutil.which("docker-compose")):
        if found:
            return [found]
    plugin = ["docker", "compose"]
    return plugin if shutil.which("docker") and answers([*plugin, "version"]) else None


def compose_version() -> str:
    """Compose's version, "" when there is none."""
    command = compose_command()
    return answers([*command, "version", "--short"]) if command else ""


def answers(argv: list[str]) -> str:
    """What a command prints, "" when it fails."""
    try:
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return ended.stdout.strip()
