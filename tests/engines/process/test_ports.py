"""Ports: never one that another may answer on."""

import contextlib
import socket

from orchestrator.engines.process import ProcessEngine
from orchestrator.engines.process.ports import FIRST, LAST, PortPool
from tests.engines.contract.bench import SERVER, WAIT, Bench, python


def taken(port: int) -> socket.socket:
    """A stranger who listens there."""
    stranger = socket.socket()
    stranger.bind(("127.0.0.1", port))
    stranger.listen()
    return stranger


def pool_at(port: int) -> PortPool:
    """A pool, as of another engine, that comes to this port next."""
    pool = PortPool()
    pool._next = port
    return pool


def test_a_taken_port_is_passed_over() -> None:
    pool = PortPool()
    with pool.lease() as first:
        following = FIRST if first.port == LAST else first.port + 1
    with contextlib.closing(taken(following)), pool.lease() as second:
        assert second.port not in (first.port, following)


def test_no_two_engines_choose_the_same_port() -> None:
    """Not even before anyone listens there."""
    with PortPool().lease() as first, pool_at(first.port).lease() as second:
        assert second.port != first.port
    with pool_at(first.port).lease() as third:
        assert third.port == first.port


def test_a_freed_port_rests() -> None:
    pool = PortPool()
    ports = []
    for _ in range(50):
        with pool.lease() as lease:
            ports.append(lease.port)
    assert len(set(ports)) == 50


async def test_a_replica_holds_its_port_though_it_does_not_listen(
    bench: Bench, engine: ProcessEngine
) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT), port=8000))
    assert replica.endpoint is not None
    await engine.close()
    with pool_at(replica.endpoint.port).lease() as lease:
        assert lease.port != replica.endpoint.port
    second = await bench.engine()
    await second.remove(replica.engine_id)
    with pool_at(replica.endpoint.port).lease() as lease:
        assert lease.port == replica.endpoint.port


async def test_each_attempt_has_a_port_of_its_own(bench: Bench, engine: ProcessEngine) -> None:
    ports = set()
    for attempt in (1, 2, 3):
        launch = bench.launch(1, python(SERVER), port=8000, attempt=attempt)
        replica = await engine.start(launch)
        assert replica.endpoint is not None
        ports.add(replica.endpoint.port)
        await engine.remove(replica.engine_id)
    assert len(ports) == 3
    assert 8000 not in ports
