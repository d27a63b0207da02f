"""Containers are as hard as FAULTS says, seen from outside and from inside; each relaxable."""

import dataclasses
import json
from typing import Any

import pytest

from orchestrator.engines.docker import DockerEngine
from orchestrator.model.errors import EngineError
from orchestrator.model.sections import SecuritySpec
from tests.engines.contract.bench import WAIT, Bench, ended, python, said, texts
from tests.engines.docker.conftest import Inspect

pytestmark = pytest.mark.docker

STATUS = """
import json
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({key: value.strip() for key, value in status.items()}))
"""
WRITE = """
import errno, os, sys
def write(path):
    try:
        with open(path, "wb") as file:
            for _ in range(80):
                file.write(bytes(2**20))
    except OSError as error:
        return errno.errorcode[error.errno]
    return "written"
for path in ("/file", "/etc/file", "/tmp/file"):
    print(path, write(path))
os.remove("/tmp/file")
"""
FORK = """
import os, signal
children = []
try:
    for _ in range(100):
        if not (pid := os.fork()):
            signal.pause()
        children.append(pid)
except BlockingIOError:
    print("no more after", len(children))
"""


async def outputs(bench: Bench, engine: DockerEngine, code: str, **fields: Any) -> list[str]:
    """What a replica that runs to its end prints."""
    replica = await engine.start(bench.launch(1, python(code), **fields))
    await ended(engine, replica.id)
    return await texts(engine, replica)


async def test_defaults_seen_from_outside(
    bench: Bench, engine: DockerEngine, inspect: Inspect
) -> None:
    launch = bench.launch(
        1,
        python(WAIT),
        port=8000,
        cpu_limit_millicores=500,
        cpu_request_millicores=250,
        memory_limit_bytes=64 * 2**20,
    )
    found = inspect((await engine.start(launch)).engine_id)
    host = found["HostConfig"]
    assert host["Privileged"] is False
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["CapAdd"] in (None, [])
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["PidsLimit"] == 256
    assert host["Memory"] == host["MemorySwap"] == 64 * 2**20
    assert host["NanoCpus"] == 500_000_000
    assert host["CpuShares"] == 256
    assert host["RestartPolicy"]["Name"] == "no"
    assert host["Binds"] is None
    assert list(host["Tmpfs"]) == ["/tmp"]
    assert found["Mounts"] == []
    assert (host["PidMode"], host["UsernsMode"]) == ("", "")
    assert host["IpcMode"] == "private"
    assert list(found["NetworkSettings"]["Networks"]) == [f"orch-{bench.project}"]


async def test_defaults_seen_from_inside(bench: Bench, engine: DockerEngine) -> None:
    (line,) = await outputs(bench, engine, STATUS)
    status = json.loads(line)
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


async def test_only_tmp_is_writable_and_bounded(bench: Bench, engine: DockerEngine) -> None:
    assert await outputs(bench, engine, WRITE) == [
        "/file EROFS",
        "/etc/file EROFS",
        "/tmp/file ENOSPC",
    ]


async def test_a_fork_bomb_is_capped(bench: Bench, engine: DockerEngine) -> None:
    security = SecuritySpec.model_validate({"pidsLimit": 20})
    assert await outputs(bench, engine, FORK, security=security) == ["no more after 19"]


async def test_each_can_be_relaxed(bench: Bench, engine: DockerEngine, inspect: Inspect) -> None:
    security = SecuritySpec.model_validate(
        {
            "readOnlyRoot": False,
            "noNewPrivileges": False,
            "capAdd": ["NET_BIND_SERVICE"],
            "tmpfs": [],
            "user": "1234:1234",
        }
    )
    launch = bench.launch(1, python(STATUS), security=security)
    replica = await engine.start(launch)
    await ended(engine, replica.id)
    host = inspect(replica.engine_id)["HostConfig"]
    assert (host["ReadonlyRootfs"], host.get("Tmpfs")) == (False, None)
    status = json.loads((await texts(engine, replica))[0])
    assert status["NoNewPrivs"] == "0"
    assert int(status["CapBnd"], 16) == 1 << 10
    assert status["Uid"].split()[0] == "1234"


async def test_ports_are_not_published_where_addresses_answer(
    bench: Bench, engine: DockerEngine, inspect: Inspect
) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT), port=8000))
    settings = inspect(replica.engine_id)["NetworkSettings"]
    address = settings["Networks"][f"orch-{bench.project}"]["IPAddress"]
    assert replica.endpoint == (address, 8000)
    assert settings["Ports"] == {"8000/tcp": None}


async def test_a_limit_that_the_engine_refuses_is_said(bench: Bench, engine: DockerEngine) -> None:
    launch = bench.launch(1, python(WAIT), memory_limit_bytes=1000)
    with pytest.raises(EngineError, match="Minimum memory limit"):
        await engine.start(launch)
    assert await engine.list() == []


async def test_the_hostname_and_the_service_name_lead_to_it(
    bench: Bench, engine: DockerEngine
) -> None:
    first = await engine.start(bench.launch(1, python(WAIT)))
    await said(engine, first, "up")
    second = dataclasses.replace(
        bench.launch(2, python(WAIT)), id=first.id._replace(service="other", slot=1)
    )
    other = await engine.start(second)
    look = "import socket; print(*(socket.gethostbyname(n) for n in ('app', 'app-1')))"
    result = await engine.exec(other.engine_id, python(look), 10)
    addresses = result.stdout.split()
    assert len(addresses) == 2
    assert addresses[0] == addresses[1]
