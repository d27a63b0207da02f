"""What goes on is read by nginx and HAProxy as by us: each stands between it and a replica."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest

from tests.proxy.corpus.cases import hosted
from tests.proxy.h11_replica import Readings
from tests.proxy.raw_client import RawClient
from tests.proxy.replicas import Replica
from tests.proxy.streams import forwarded_requests
from tests.proxy.test_corpus import ACCEPTED
from tests.support.ports import free_port
from tests.support.wait import eventually_async

NEXT = hosted(line=b"GET /next HTTP/1.1")

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  client_header_buffer_size 32k; large_client_header_buffers 4 32k; ignore_invalid_headers off;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{replica}; }} }}
}}
"""
HAPROXY = """
global
  tune.bufsize 65536
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
listen it
  bind 127.0.0.1:{port}
  server one 127.0.0.1:{replica}
"""
REQUIRED = os.environ.get("ORCH_REQUIRE_SERVERS") == "1"
# Debian keeps servers where a person's PATH may not lead.
FOLDERS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
SERVERS = {"nginx": (NGINX, ("-c",)), "haproxy": (HAPROXY, ("-db", "-f"))}


@contextmanager
def running(name: str, replica: int, folder: Path) -> Iterator[int]:
    """The server, in front of a replica; yields its port."""
    binary = shutil.which(name, path=FOLDERS)
    if binary is None:
        if REQUIRED:
            pytest.fail(f"ORCH_REQUIRE_SERVERS=1, but {name} is not installed: make servers")
        pytest.skip(f"{name} is not installed")
    template, arguments = SERVERS[name]
    config, port = folder / "config", free_port()
    config.write_text(template.format(folder=folder, port=port, replica=replica))
    command = [binary, *arguments, str(config)]
    with Popen(command, stdout=DEVNULL, stderr=DEVNULL) as process:
        try:
            yield port
        finally:
            process.kill()


async def accepts(port: int) -> bool:
    """Whether the server listens."""
    try:
        await (await RawClient.connect(port)).close()
    except OSError:
        return False
    return True


async def statuses(client: RawClient, count: int) -> list[int]:
    """Of the final answers, up to `count`; fewer if the connection ends."""
    found: list[int] = []
    try:
        while len(found) < count:
            if (status := (await client.response()).status) >= 200:
                found.append(status)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    return found


@pytest.mark.parametrize("name", SERVERS)
async def test_a_server_reads_what_we_forward_as_we_do(name: str, tmp_path: Path) -> None:
    readings = Readings()
    replica = Replica("web-1", readings)
    await replica.start()
    try:
        with running(name, replica.port, tmp_path) as port:
            await eventually_async(lambda: accepts(port), what=f"{name} listens")
            alike = 0
            for case in ACCEPTED:
                sent, ours = forwarded_requests(case.data + NEXT, 1 << 16)
                before = len(readings.requests)
                async with await RawClient.connect(port) as client:
                    await client.send(sent)
                    answers = await statuses(client, len(ours.messages))
                bodies = [body for _, body in readings.requests[before:]]
                expected = [body for _, body in ours.messages]
                # It may refuse what it finds too odd, but never read it otherwise.
                assert bodies == expected[: len(bodies)], case.name
                assert len(bodies) == answers.count(200), case.name
                alike += bodies == expected
            assert alike > len(ACCEPTED) * 0.8
    finally:
        await replica.stop()
