"""A proxy on a machine that has run out of ephemeral ports, in a network namespace of its own.

`unshare --user --map-root-user --net python -m tests.proxy.few_ports FOLDER` prints what its
clients got. They and all that listens are on ports beside the range that connects take from.
"""

import asyncio
import fcntl
import json
import socket
import struct
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from tests.proxy.conftest import Proxy, sockets
from tests.proxy.raw_client import PATIENCE_S, RawClient, Response
from tests.proxy.replicas import Connection, response
from tests.support.wait import eventually_async

PORTS = 5
CLIENTS = 40
ROUNDS = 3
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
OWN_PORTS = count(50_000)


@dataclass
class Findings:
    """What happened, round by round."""

    short: list[dict[str, int]]
    """Answers by their first words, of more requests at a time than there are ports."""
    hints: list[str | None]
    """The `Retry-After` of those that were answered at once."""
    later: list[dict[str, int]]
    """Of as many requests, one after the other, once the first were answered."""
    sockets_at_first: int
    """The worker's; after each round the connections to the replica are all there is more."""
    suspects: list[str]
    """Replicas that were blamed."""


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


async def ask(proxy: Proxy) -> Response:
    address = ("127.0.0.1", next(OWN_PORTS))
    async with asyncio.timeout(PATIENCE_S):
        streams = await asyncio.open_connection("127.0.0.1", proxy.port, local_addr=address)
    async with RawClient(*streams) as client:
        return await client.get()


def words(answers: list[Response]) -> dict[str, int]:
    return dict(Counter(f"{one.status} {one.body.decode().strip()}" for one in answers))


async def one_round(proxy: Proxy, holding: Holding, found: Findings) -> None:
    holding.go_on.clear()
    asking = [asyncio.create_task(ask(proxy)) for _ in range(CLIENTS)]
    await eventually_async(lambda: sum(one.done() for one in asking) == CLIENTS - PORTS)
    found.hints += [one.result().header("retry-after") for one in asking if one.done()]
    holding.go_on.set()
    found.short.append(words(list(await asyncio.gather(*asking))))
    found.later.append(words([await ask(proxy) for _ in range(CLIENTS)]))
    await eventually_async(
        lambda: sockets(proxy) == found.sockets_at_first + PORTS, what="only idle ones are left"
    )


async def run(folder: Path) -> Findings:
    proxy, holding = Proxy(folder), Holding()
    await proxy.supervisor.start()
    try:
        await proxy.serve(holding)
        Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(f"40000 {40000 + PORTS - 1}")
        found = Findings([], [], [], sockets(proxy), proxy.suspects)
        for _ in range(ROUNDS):
            await one_round(proxy, holding, found)
        return found
    finally:
        await proxy.stop()


if __name__ == "__main__":
    raise_loopback()
    print(json.dumps(asdict(asyncio.run(run(Path(sys.argv[1]))))))
