"""Listening sockets of the proxy: opened here, accepted on by its workers."""

import errno
import socket
from typing import Final

from orchestrator.core.sharing import REMEDY, Claims
from orchestrator.model.errors import OrchestratorError, PortInUseError
from orchestrator.model.snapshot import Listener
from orchestrator.runtime.port_owner import port_owner

_BACKLOG: Final = 4096


class ProxyError(OrchestratorError):
    """A proxy worker does not start, does not answer, or may not listen."""


def claim(listener: Listener, claims: Claims[Listener]) -> None:
    """Have it listen. Raises `PortInUseError` if another leaves no room on its address."""
    common = bool(listener.certificate) if listener.protocol == "http" else None
    if other := claims.claim(listener, [listener.address], common, listener.routes):
        raise PortInUseError(
            f"services {other.service} and {listener.service} both listen on"
            f" {listener.host}:{listener.port}",
            remedy=REMEDY,
        )


def open_listener(listener: Listener) -> socket.socket:
    """A listening socket that no process accepts on yet. Raises `PortInUseError`, `ProxyError`."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(listener.address)
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise _refusal(listener, error) from error
    sock.setblocking(False)
    return sock


def _refusal(listener: Listener, error: OSError) -> OrchestratorError:
    where = f"service {listener.service} cannot listen on {listener.host}:{listener.port}"
    if error.errno == errno.EADDRINUSE:
        owner = port_owner(listener.port)
        return PortInUseError(
            f"{where}: the port is in use" + (f" by {owner}" if owner else ""),
            remedy="choose another proxy.listen, or stop what uses it",
        )
    remedy = "choose a port above 1023" if error.errno == errno.EACCES else ""
    return ProxyError(f"{where}: {error.strerror}", remedy=remedy)
