"""A proxy on a machine that has run out of ephemeral ports, in a network namespace of its own.

`unshare --user --map-root-user --net python -m tests.proxy.few_ports FOLDER http|tcp` prints what
its clients got. They and all that listens are on ports beside the range that connects take from.
"""

import asyncio
import contextlib
import fcntl
import json
import socket
import struct
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path

from tests.proxy.conftest import Proxy, sockets
from tests.proxy.raw_client import PATIENCE_S, RawClient, Response
from tests.proxy.replicas import Connection, Replica, response
from tests.support.wait import eventually_async

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
# An even number: of an odd one Linux leaves the first or the last out at times, for it tries them
# by twos (net/ipv4/inet_hashtables.c, __inet_hash_connect).
PORTS = 6
CLIENTS = 16
ROUNDS = 3
REPLICAS_PORTS = "35000 39999"
FEW_PORTS = f"40000 {40000 + PORTS - 1}"
CLIENTS_PORTS = count(50_000)
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


@dataclass
class Findings:
    """What happened. Answers are counted by their status and their words."""

    sockets_at_first: int
    """The worker's; after each round the connections to the replica are all there is more."""
    short: list[dict[str, int]] = field(default_factory=list)
    """Round by round: of more requests at a time than there are ports."""
    later: list[dict[str, int]] = field(default_factory=list)
    """Of as many requests, one after the other, once the first were answered."""
    hints: list[str | None] = field(default_factory=list)
    """The `Retry-After` of those that were answered at once."""
    elsewhere: dict[str, int] = field(default_factory=dict)
    """Of requests while there are ports to another replica."""
    suspects: list[str] = field(default_factory=list)
    """Replicas that were blamed."""
    counters: dict[str, int] = field(default_factory=dict)
    """In the end, of all replicas and of the service."""


@dataclass
class FindingsOfTcp:
    """The same of `protocol: tcp`."""

    turned_away: str
    """What a client got for whom there was no port."""
    elsewhere: dict[str, int]
    suspects: list[str]
    connect_failures: int


class Holding:
    """Answers once there is no need to hold on to the connections."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, connection: Connection) -> None:
        """Serve one connection."""
        while True:
            await connection.head()
            await self.go_on.wait()
            await connection.send(response(b"served"))


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


async def connect(proxy: Proxy) -> RawClient:
    address = ("127.0.0.1", next(CLIENTS_PORTS))
    async with asyncio.timeout(PATIENCE_S):
        return RawClient(
            *await asyncio.open_connection("127.0.0.1", proxy.port, local_addr=address)
        )


async def ask(proxy: Proxy) -> Response:
    async with await connect(proxy) as client:
        return await client.get()


def words(answers: list[Response]) -> dict[str, int]:
    return dict(Counter(f"{one.status} {one.body.decode().strip()}" for one in answers))


async def one_after_the_other(proxy: Proxy) -> dict[str, int]:
    return words([await ask(proxy) for _ in range(CLIENTS)])


async def held(proxy: Proxy, holding: Holding, requests: int) -> list[asyncio.Task[Response]]:
    """So many requests, of which as many as there are ports wait for their answers."""
    holding.go_on.clear()
    asking = [asyncio.create_task(ask(proxy)) for _ in range(requests)]
    await eventually_async(lambda: sum(one.done() for one in asking) == requests - PORTS)
    await eventually_async(lambda: in_flight_is(proxy, PORTS))
    return asking


async def in_flight_is(proxy: Proxy, number: int) -> bool:
    stats = await proxy.supervisor.stats()
    return bool(stats["services"]["web"]["in_flight"] == number)


async def finish(holding: Holding, asking: list[asyncio.Task[Response]]) -> list[Response]:
    holding.go_on.set()
    return await asyncio.gather(*asking)


async def one_round(proxy: Proxy, holding: Holding, found: Findings) -> None:
    asking = await held(proxy, holding, CLIENTS)
    found.hints += [one.result().header("retry-after") for one in asking if one.done()]
    found.short.append(words(await finish(holding, asking)))
    found.later.append(await one_after_the_other(proxy))
    await eventually_async(
        lambda: sockets(proxy) == found.sockets_at_first + PORTS, what="only idle ones are left"
    )


async def with_another_replica(proxy: Proxy, holding: Holding) -> dict[str, int]:
    """Ports are short towards one address: another may have them all."""
    asking = await held(proxy, holding, PORTS)
    await proxy.route()
    answers = await one_after_the_other(proxy)
    await finish(holding, asking)
    return answers


async def counters(proxy: Proxy) -> dict[str, int]:
    stats = await proxy.supervisor.stats()
    sums = Counter({"queued": stats["services"]["web"]["queued"]})
    for endpoint in stats["endpoints"].values():
        sums.update({name: endpoint[name] for name in ("in_flight", "connect_failures")})
    return dict(sums)


async def replicas(proxy: Proxy, holding: Holding) -> Replica:
    """Two: the one that holds is returned. From then on ports are few."""
    RANGE.write_text(REPLICAS_PORTS)
    one = await proxy.replica("web-1", holding)
    await proxy.replica("web-2")
    RANGE.write_text(FEW_PORTS)
    return one


async def http(proxy: Proxy) -> Findings:
    """Run everything on a proxy that has no replicas yet."""
    holding = Holding()
    await proxy.route(await replicas(proxy, holding))
    found = Findings(sockets(proxy), suspects=proxy.suspects)
    for _ in range(ROUNDS):
        await one_round(proxy, holding, found)
    found.elsewhere = await with_another_replica(proxy, holding)
    found.counters = await counters(proxy)
    return found


async def turned_away(proxy: Proxy) -> str:
    """What a client hears. The kernel may tell of a reset before `connect` is through."""
    with contextlib.suppress(ConnectionResetError):
        async with await connect(proxy) as client:
            return (await client.rest()).decode()
    return ""


async def tcp(proxy: Proxy) -> FindingsOfTcp:
    """The same of whole connections. Each leaves a port behind that rests for a while."""
    holding = Holding()
    one = await replicas(proxy, holding)
    await proxy.route(one, protocol="tcp")
    asking = [asyncio.create_task(ask(proxy)) for _ in range(PORTS)]
    await eventually_async(lambda: len(one.heads) == PORTS)
    away = await turned_away(proxy)
    await proxy.route(protocol="tcp")
    elsewhere = words([await ask(proxy) for _ in range(PORTS)])
    failures = (await counters(proxy))["connect_failures"]
    await finish(holding, asking)
    return FindingsOfTcp(away, elsewhere, proxy.suspects, failures)


async def run(folder: Path, protocol: str) -> Findings | FindingsOfTcp:
    proxy = Proxy(folder)
    await proxy.supervisor.start()
    try:
        return await (http(proxy) if protocol == "http" else tcp(proxy))
    finally:
        await proxy.stop()


if __name__ == "__main__":
    raise_loopback()
    print(json.dumps(asdict(asyncio.run(run(Path(sys.argv[1]), sys.argv[2])))))
