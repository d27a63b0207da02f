"""The proxies that race, each one process and one thread, and the backends they share."""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol

from orchestrator.model.snapshot import Endpoint, Listener, Snapshot
from orchestrator.runtime.proxy_supervisor import ProxySupervisor

BACKENDS: Final = 3
BODY: Final = "x" * 1024
START_TIMEOUT_S: Final = 10.0

_NGINX_COMMON: Final = """
daemon off; master_process off; worker_processes 1;
pid {folder}/{name}.pid; error_log {folder}/{name}.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  fastcgi_temp_path {folder}/{name}-f; uwsgi_temp_path {folder}/{name}-u;
  scgi_temp_path {folder}/{name}-s;
"""
_NGINX_PROXY: Final = """
  upstream app {{ {servers} keepalive 256; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto http; proxy_set_header X-Forwarded-Host $http_host;
      add_header X-Replica $upstream_addr;
    }} }} }}
"""
_HAPROXY: Final = """
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend in
  bind 127.0.0.1:{port}
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-response set-header X-Replica %s
  default_backend app
backend app
  balance roundrobin
{servers}
"""


class Contestant(Protocol):
    """A proxy that can be started on `port` in front of backends. `missing`: why it cannot."""

    name: str
    missing: str
    port: int
    pid: int

    def running(self, folder: Path, backend_ports: list[int]) -> AbstractContextManager[None]:
        """Serve while the block runs; `pid` is the process that does the work."""


class Program:
    """A proxy that is a program with a configuration file."""

    def __init__(self, name: str) -> None:
        self.port, self.pid = free_port(), 0
        self.name = name
        self.missing = "" if shutil.which(name) else f"not installed: apt-get install {name}"

    @contextmanager
    def running(self, folder: Path, backend_ports: list[int]) -> Iterator[None]:
        """Write its configuration and run it."""
        config = folder / f"{self.name}.conf"
        config.write_text(self._config(folder, backend_ports))
        arguments = ["-c", str(config)] if self.name == "nginx" else ["-db", "-f", str(config)]
        with _process([self.name, *arguments], self.port) as pid:
            self.pid = pid
            yield

    def _config(self, folder: Path, ports: list[int]) -> str:
        if self.name == "nginx":
            servers = " ".join(f"server 127.0.0.1:{port};" for port in ports)
            common = _NGINX_COMMON.format(folder=folder, name=self.name)
            return common + _NGINX_PROXY.format(servers=servers, port=self.port)
        servers = "\n".join(f"  server s{port} 127.0.0.1:{port}" for port in ports)
        return _HAPROXY.format(servers=servers, port=self.port)


class Ours:
    """One worker of this project, run as the controller runs it."""

    def __init__(self) -> None:
        self.name, self.missing = "orch", ""
        self.port, self.pid = free_port(), 0

    @contextmanager
    def running(self, folder: Path, backend_ports: list[int]) -> Iterator[None]:
        """Start a worker and route to the backends."""
        with asyncio.Runner() as runner:
            supervisor = ProxySupervisor(folder / "run")
            runner.run(supervisor.start())
            endpoints = tuple(
                Endpoint(f"web-{n}.1", "127.0.0.1", port, name=f"web-{n}")
                for n, port in enumerate(backend_ports, 1)
            )
            listener = Listener("web", "127.0.0.1", self.port, endpoints)
            try:
                runner.run(supervisor.publish(Snapshot(1, (listener,))))
                self.pid = supervisor.pids[0]
                yield
            finally:
                runner.run(supervisor.stop())


def contestants() -> list[Contestant]:
    """All of them, in the order of the table."""
    return [Program("nginx"), Program("haproxy"), Ours()]


@contextmanager
def backends(folder: Path) -> Iterator[list[int]]:
    """Three listening ports that answer 1 KB, served by one nginx; yields the ports."""
    ports = [free_port() for _ in range(BACKENDS)]
    servers = "\n".join(
        f"  server {{ listen 127.0.0.1:{port} backlog=4096; "
        f'location / {{ return 200 "{BODY}"; }} }}'
        for port in ports
    )
    config = folder / "backends.conf"
    config.write_text(_NGINX_COMMON.format(folder=folder, name="backends") + servers + "\n}\n")
    with _process(["nginx", "-c", str(config)], ports[-1]):
        yield ports


@contextmanager
def _process(command: list[str], port: int) -> Iterator[int]:
    """A process that listens on `port`, for as long as the block runs."""
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(command[0])
    process = subprocess.Popen([program, *command[1:]], stderr=subprocess.PIPE)
    try:
        _wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    process.kill()
    raise RuntimeError(f"nothing listens on {port}: {process.communicate()[1]!r}")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
