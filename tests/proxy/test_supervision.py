"""Workers and their controller: draining, static stability, adoption, restart, the end."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.model.errors import PortInUseError
from orchestrator.model.snapshot import Listener, Snapshot
from orchestrator.proxy.channel import PROTOCOL
from orchestrator.runtime.processes import start_ticks
from orchestrator.runtime.proxy_supervisor import ProxySupervisor, stop_orphans
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import get
from tests.proxy.replicas import Connection, echo, response
from tests.support.ports import free_port
from tests.support.wait import eventually_async

CONTROLLER = """
import asyncio, sys
from pathlib import Path
from orchestrator.model.snapshot import Snapshot
from orchestrator.runtime.proxy_supervisor import ProxySupervisor

async def main():
    supervisor = ProxySupervisor(Path(sys.argv[1]), workers=int(sys.argv[2]))
    await supervisor.start()
    await supervisor.publish(Snapshot.from_json(sys.argv[3]))
    print(*supervisor.pids, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def controller(
    proxy: Proxy, workers: int = 1
) -> tuple[asyncio.subprocess.Process, list[int]]:
    """A controller in a process of its own that routes to the proxy's replicas."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CONTROLLER, str(proxy.run_dir), str(workers),
        proxy.snapshot(*proxy.replicas).to_json(), stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(10):
        line = await process.stdout.readline()
    return process, [int(pid) for pid in line.split()]


async def killed(process: asyncio.subprocess.Process) -> None:
    process.kill()
    async with asyncio.timeout(5):
        await process.wait()


def alive(pid: int) -> bool:
    return start_ticks(pid) is not None


async def test_a_replica_leaves_in_order(proxy: Proxy) -> None:
    go_on = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        while True:
            head = await connection.head()
            if b"/slow" in head:
                await go_on.wait()
            await connection.send(response(connection.replica.name.encode()))

    leaving = await proxy.replica("web-1", behaviour)
    staying = await proxy.replica("web-2", behaviour)
    await proxy.route()
    async with await proxy.client() as slow, await proxy.client() as other:
        await slow.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(3):
            await other.get()
        await proxy.route(staying)
        served = len(leaving.heads)
        assert {(await other.get()).body for _ in range(4)} == {b"web-2"}
        assert not await proxy.supervisor.drain("web-1.1", 0.05)
        await eventually_async(lambda: leaving.open == 1, what="idle connections are closed")
        go_on.set()
        assert (await slow.response()).body == b"web-1"
        assert await proxy.supervisor.drain("web-1.1", 5)
        assert len(leaving.heads) == served
    await eventually_async(lambda: leaving.open == 0)


async def test_draining_what_is_routed_is_a_mistake(proxy: Proxy) -> None:
    await proxy.serve(echo)
    with pytest.raises(ValueError, match="still routed"):
        await proxy.supervisor.drain("web-1.1", 1)
    assert await proxy.supervisor.drain("never-seen", 1)


async def test_routes_change_without_a_dropped_connection(proxy: Proxy) -> None:
    first, second = await proxy.replica("web-1"), await proxy.replica("web-2")
    await proxy.route(first)
    async with await proxy.client() as client:
        for turn in range(20):
            await proxy.route(*((first, second) if turn % 2 else (second,)))
            assert (await client.get()).status == 200


async def test_a_taken_port_is_named_and_the_others_go_on(proxy: Proxy) -> None:
    web = await proxy.serve(echo)
    stranger = await proxy.replica("stranger")
    new = replace(proxy.snapshot(web).listeners[0], port=free_port())
    taken = Listener("api", "127.0.0.1", stranger.port)
    with pytest.raises(PortInUseError, match=rf"api.*:{stranger.port}.*pid {os.getpid()}"):
        await proxy.supervisor.publish(Snapshot(9, (taken, new)))
    assert (await get(new.port)).status == 200
    assert proxy.supervisor.addresses == {new.address}
    twice = Listener("b", "127.0.0.1", new.port)
    with pytest.raises(PortInUseError, match="services web and b"):
        await proxy.supervisor.publish(Snapshot(10, (new, twice)))
    assert (await get(new.port)).status == 200


async def test_services_on_one_port_are_told_apart(proxy: Proxy) -> None:
    """A route that is taken is refused, and so are connections where there are requests."""
    (web,) = proxy.snapshot(await proxy.replica("web")).listeners
    (api,) = proxy.snapshot(await proxy.replica("api"), service="api", path="/api").listeners
    again, tcp = replace(api, service="again"), replace(api, service="tcp", protocol="tcp")
    for late in (again, tcp):
        with pytest.raises(
            PortInUseError, match=rf"and {late.service} both listen on .*{web.port}"
        ):
            await proxy.supervisor.publish(Snapshot(proxy.version + 1, (web, api, late)))
        proxy.version += 1
        async with await proxy.client() as client:
            assert (await client.get("/")).body == b"web"
            assert (await client.get("/api/x")).body == b"api"


async def test_a_removed_listener_frees_its_port(proxy: Proxy) -> None:
    await proxy.serve(echo)
    async with await proxy.client() as idle:
        await proxy.supervisor.publish(Snapshot(5))
        assert await idle.rest() == b""
    with pytest.raises(ConnectionRefusedError):
        await proxy.client()
    await proxy.route()
    assert (await get(proxy.port)).status == 200


async def test_traffic_survives_a_killed_controller_and_its_successor_adopts(
    state_dir: Path,
) -> None:
    proxy = Proxy(state_dir / "run")
    await proxy.replica("web-1")
    first, pids = await controller(proxy)
    try:
        async with await proxy.client() as client:
            assert (await client.get()).status == 200
            await killed(first)
            assert (await client.get()).status == 200
            assert (await get(proxy.port)).status == 200
            await proxy.supervisor.start()
            assert proxy.supervisor.pids == pids
            assert (await client.get()).status == 200
            second = await proxy.replica("web-2")
            await proxy.route(second)
            assert (await client.get()).body == b"web-2"
            assert await proxy.supervisor.drain("web-1.1", 5)
    finally:
        await proxy.stop()
    assert not any(map(alive, pids))


async def test_an_adopted_worker_that_dies_comes_back_on_its_socket(state_dir: Path) -> None:
    proxy = Proxy(state_dir / "run")
    await proxy.replica("web-1")
    first, pids = await controller(proxy)
    try:
        await killed(first)
        await proxy.supervisor.start()
        await proxy.route()
        os.kill(pids[0], signal.SIGKILL)
        answers = await asyncio.gather(*(get(proxy.port) for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
        assert proxy.supervisor.pids != pids
    finally:
        await proxy.stop()


async def test_a_killed_worker_is_replaced_without_a_refused_connection(proxy: Proxy) -> None:
    await proxy.serve(echo)
    for _ in range(3):
        pid = proxy.supervisor.pids[0]
        os.kill(pid, signal.SIGKILL)
        assert (await get(proxy.port)).status == 200
        assert proxy.supervisor.pids != [pid]
    stats = await proxy.supervisor.stats()
    assert stats["endpoints"]["web-1.1"]["requests"] >= 1


async def test_two_workers_share_the_socket(state_dir: Path) -> None:
    proxy = Proxy(state_dir / "run", workers=2)
    await proxy.supervisor.start()
    try:
        await proxy.serve(echo)
        os.kill(proxy.supervisor.pids[0], signal.SIGSTOP)
        os.kill(proxy.supervisor.pids[0], signal.SIGKILL)
        answers = await asyncio.gather(*(get(proxy.port) for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
        await eventually_async(lambda: len(set(proxy.supervisor.pids)) == 2)
    finally:
        await proxy.stop()


async def test_fewer_workers_after_a_restart_leave_none_behind(state_dir: Path) -> None:
    proxy = Proxy(state_dir / "run")
    await proxy.replica("web-1")
    first, pids = await controller(proxy, workers=2)
    try:
        await killed(first)
        await proxy.supervisor.start()
        assert proxy.supervisor.pids == pids[:1]
        assert not alive(pids[1])
        await proxy.route()
        assert (await get(proxy.port)).status == 200
    finally:
        await proxy.stop()


async def test_a_worker_that_speaks_another_version_hands_over_its_sockets(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy(state_dir / "run")
    await proxy.replica("web-1")
    first, pids = await controller(proxy)
    try:
        await killed(first)
        monkeypatch.setattr("orchestrator.runtime.proxy_worker.PROTOCOL", PROTOCOL + 1)
        await proxy.supervisor.start()
        assert not alive(pids[0])
        waiting = asyncio.create_task(get(proxy.port))
        await proxy.route()
        assert (await waiting).status == 200
    finally:
        await proxy.stop()


async def test_letting_go_leaves_the_workers_to_the_next(proxy: Proxy) -> None:
    await proxy.serve(echo)
    pids = proxy.supervisor.pids
    await proxy.supervisor.close()
    assert (await get(proxy.port)).status == 200
    proxy.supervisor = ProxySupervisor(proxy.run_dir)
    await proxy.supervisor.start()
    assert proxy.supervisor.pids == pids


async def test_a_hanging_worker_is_replaced(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.runtime.proxy_supervisor.ACK_TIMEOUT_S", 0.5)
    await proxy.serve(echo)
    pid = proxy.supervisor.pids[0]
    os.kill(pid, signal.SIGSTOP)
    await proxy.route(replica_header=False)
    assert not alive(pid)
    assert (await get(proxy.port)).header("x-replica") is None


async def test_stopping_finishes_what_is_in_flight(proxy: Proxy) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        asked.set()
        await go_on.wait()
        await connection.send(response(b"in time"))

    await proxy.serve(behaviour)
    pid = proxy.supervisor.pids[0]
    async with await proxy.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(5):
            await asked.wait()
        stopping = asyncio.create_task(proxy.supervisor.stop(5))
        await eventually_async(lambda: refused(proxy.port), what="no new connections")
        go_on.set()
        answer = await client.response()
        assert (answer.body, answer.header("connection")) == (b"in time", "close")
        await client.close()
        await stopping
    assert not alive(pid)
    assert list(proxy.run_dir.iterdir()) == []


async def refused(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


async def test_stopping_does_not_wait_past_its_deadline(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.reader.read()

    await proxy.serve(behaviour)
    pid = proxy.supervisor.pids[0]
    async with await proxy.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(5):
            await proxy.supervisor.stop(0.1)
        assert not alive(pid)


async def test_orphans_are_ended_without_a_controller(state_dir: Path) -> None:
    proxy = Proxy(state_dir / "run")
    await proxy.replica("web-1")
    first, pids = await controller(proxy, workers=2)
    await killed(first)
    assert sorted(await asyncio.to_thread(stop_orphans, proxy.run_dir, 5)) == sorted(pids)
    assert not any(map(alive, pids))
    assert list(proxy.run_dir.iterdir()) == []
    assert stop_orphans(proxy.run_dir) == []
    await proxy.stop()


def test_a_stranger_with_the_recorded_pid_is_left_alone(state_dir: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        record = {"pid": stranger.pid, "start_time": 1}
        (state_dir / "proxy-0.json").write_text(json.dumps(record))
        assert stop_orphans(state_dir, 0.1) == []
        assert stranger.poll() is None
        stranger.communicate(b"\n")


async def test_a_long_state_path_gets_a_short_socket(state_dir: Path) -> None:
    long_dir = state_dir / ("long-" * 20) / "run"
    supervisor = ProxySupervisor(long_dir)
    await supervisor.start()
    recorded = Path((long_dir / "sockets.path").read_text())
    try:
        assert recorded.stat().st_mode & 0o777 == 0o700
        assert (recorded / "proxy-0.sock").is_socket()
        await supervisor.publish(Snapshot(1, (Listener("web", "127.0.0.1", free_port()),)))
    finally:
        await supervisor.stop()
    assert not recorded.exists()
    assert list(long_dir.iterdir()) == []


async def test_sockets_and_records_are_private(proxy: Proxy) -> None:
    assert proxy.run_dir.stat().st_mode & 0o777 == 0o700
    for path in proxy.run_dir.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


async def test_a_worker_is_small_and_in_a_session_of_its_own(proxy: Proxy) -> None:
    pid = proxy.supervisor.pids[0]
    assert os.getsid(pid) == pid
    modules = Path(f"/proc/{pid}/maps").read_text()
    assert "pydantic" not in modules
    status = Path(f"/proc/{pid}/status").read_text()
    resident_kb = int(status.partition("VmRSS:")[2].split()[0])
    assert resident_kb < 40_000
