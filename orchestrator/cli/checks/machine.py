"""This machine: Python, ports, state folder, open files."""

import os
import platform
import resource
import socket
import sys
import tempfile
from collections.abc import Iterator
from typing import Final

from orchestrator.cli.checks.finding import Finding, Level, Subject
from orchestrator.cli.checks.manifests import services_of
from orchestrator.runtime.port_owner import port_owner
from orchestrator.runtime.proxy_build import is_compiled

OLDEST_PYTHON: Final = (3, 11)
API_PORT: Final = 7070
OPEN_FILES: Final = 4096
LONGEST_SOCKET_PATH: Final = 107
"""Bytes of sun_path less its end: unix(7)."""
_LONGEST_SOCKET_NAME: Final = "/run/proxy-00.sock"


def python(_: Subject) -> Iterator[Finding]:
    """Its version."""
    text = f"Python {platform.python_version()} ({sys.executable})"
    if sys.version_info >= OLDEST_PYTHON:
        yield Finding("python", Level.OK, text)
    else:
        yield Finding("python", Level.ERROR, text, "use Python 3.11 or newer")


def proxy(_: Subject) -> Iterator[Finding]:
    """Whether its workers run compiled."""
    if is_compiled():
        yield Finding("proxy", Level.OK, "compiled")
    else:
        text = "runs interpreted: up to twice the processor time a request"
        yield Finding("proxy", Level.WARNING, text, "make compile, in the project's folder")


def state_folder(subject: Subject) -> Iterator[Finding]:
    """Can it be written, and is its path short enough for sockets."""
    folder = subject.project.folder
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    remedy = "choose another with --state-dir or ORCH_STATE_DIR"
    try:
        with tempfile.NamedTemporaryFile(dir=nearest, prefix=".orch-doctor-"):
            pass
    except OSError as error:
        text = f"{folder} cannot be written: {error.strerror}"
        yield Finding("state folder", Level.ERROR, text, remedy)
        return
    if len(os.fsencode(f"{folder}{_LONGEST_SOCKET_NAME}")) > LONGEST_SOCKET_PATH:
        text = f"{folder} is too long a path for the sockets below it"
        yield Finding("state folder", Level.ERROR, text, "choose a shorter one with --state-dir")
        return
    yield Finding("state folder", Level.OK, f"{folder} can be written")


def open_files(_: Subject) -> Iterator[Finding]:
    """How many connections a proxy worker can have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= OPEN_FILES:
        yield Finding("open files", Level.OK, f"{soft} per process")
        return
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    text = f"only {soft} per process: about {soft // 2} connections at a time"
    yield Finding("open files", Level.WARNING, text, f"ulimit -n {wanted}")


def ports(subject: Subject) -> Iterator[Finding]:
    """Those of the API and of every proxy in the manifests."""
    if record := subject.project.controller():
        name = subject.project.name
        yield Finding("api port", Level.OK, f"project {name!r} runs, its API is at {record.url}")
        return
    if _is_free(API_PORT):
        yield Finding("api port", Level.OK, f"{API_PORT} is free")
    else:
        text = f"{API_PORT} is in use{_by(API_PORT)}: the next free one is taken"
        yield Finding("api port", Level.WARNING, text, "or choose one: --api-port")
    yield from _proxy_ports(subject)


def _proxy_ports(subject: Subject) -> Iterator[Finding]:
    for service in services_of(subject):
        if service.proxy is None:
            continue
        port, check = service.proxy.listen, f"port of {service.name}"
        if _is_free(port):
            yield Finding(check, Level.OK, f"{port} is free")
        else:
            remedy = "stop what uses it, or choose another proxy.listen"
            yield Finding(check, Level.ERROR, f"{port} is in use{_by(port)}", remedy)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _by(port: int) -> str:
    owner = port_owner(port)
    return f" by {owner}" if owner else ""
