"""A new revision: replaced one by one, newest wins, nobody loses a request."""

import asyncio
import contextlib
from collections import Counter
from functools import partial
from typing import Any

from orchestrator.model.spec import ServiceSpec
from orchestrator.runtime.controller import Controller
from tests.support import app
from tests.support.http import PAUSE_S, get, load
from tests.support.rig import Rig, apply, converged, row, rows, settle, until
from tests.support.wait import eventually_async


async def test_a_rolling_update_loses_no_request(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=4))
    await settle(controller)
    new = rig.service(replicas=4, env={"VERSION": "2"})
    async with load(f"127.0.0.1:{rig.port}", clients=3, method="POST") as traffic:
        await eventually_async(lambda: traffic.total > 20)
        apply(controller, new)
        await settle(controller)
        served = traffic.answers.copy()
        await eventually_async(lambda: (traffic.answers - served).total() > 20)
    assert traffic.failures == []
    assert set(traffic.answers - served) == {f"web-{slot}.2" for slot in range(1, 5)}
    await converged(controller, new)


async def test_a_replica_that_leaves_finishes_what_it_has_begun(rig: Rig) -> None:
    """Unrouted, drained, and only then told to end."""
    controller = await rig.controller()
    web = rig.service(replicas=3)
    apply(controller, web)
    await settle(controller)
    address = f"127.0.0.1:{rig.port}"
    asking = [asyncio.create_task(get(address, "/slow/500", method="POST")) for _ in range(6)]

    async def all_busy() -> bool:
        counters = (await controller.supervisor.stats())["endpoints"]
        return [one["in_flight"] for one in counters.values()] == [2, 2, 2]

    await eventually_async(all_busy)
    controller.scale("web", 1)
    answers = await asyncio.gather(*asking)
    assert sorted(one.body for one in answers) == [f"web-{n}.1" for n in (1, 1, 2, 2, 3, 3)]
    await settle(controller)
    assert {(await get(address)).body for _ in range(3)} == {"web-1.1"}


async def open_tunnel(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An upgraded connection to the replica whose turn it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer


async def talk_to_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
    """Say something again and again; when the connection ended."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            writer.write(b"ping")
            assert await reader.readexactly(4) == b"ping"
            await asyncio.sleep(PAUSE_S)
    writer.transport.abort()
    return asyncio.get_running_loop().time()


async def test_open_tunnels_hold_up_a_rollout_no_longer_than_they_may(rig: Rig) -> None:
    """Fault 41: they go on until the drain's time is over, and end with their replicas, also with
    one that does not want to."""
    controller = await rig.controller()
    given: dict[str, Any] = {"replicas": 2, "stopGracePeriod": "500ms"}
    given["proxy"] = {"listen": rig.port, "drainTimeout": "1s"}
    apply(controller, rig.service(**given))
    await settle(controller)
    await get(row(controller, "web-1").endpoint or "", "/deaf")
    talks = [asyncio.create_task(talk_to_the_end(*await open_tunnel(rig.port))) for _ in range(4)]
    began = asyncio.get_running_loop().time()
    new = rig.service(**given, env={"VERSION": "2"})
    apply(controller, new)
    await settle(controller)
    async with asyncio.timeout(5):
        ends = await asyncio.gather(*talks)
    assert all(end - began >= 1.0 for end in ends), "cut off before the drain's time was over"
    await converged(controller, new)


async def test_an_ordered_restart_replaces_every_replica(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=2)
    apply(controller, web)
    await settle(controller)
    before = {one.id for one in rows(controller)}
    async with load(f"127.0.0.1:{rig.port}") as traffic:
        controller.restart("web")
        await settle(controller)
    assert traffic.failures == []
    assert before.isdisjoint({one.id for one in rows(controller)})
    assert [one.restarts for one in rows(controller)] == [0, 0]
    await converged(controller, web)


async def test_an_update_during_an_update_ends_with_the_newest(rig: Rig) -> None:
    """Fault 22."""
    controller = await rig.controller()
    apply(controller, rig.service(replicas=4))
    await settle(controller)
    for version in range(2, 6):
        newest = rig.service(replicas=4, env={"VERSION": str(version)})
        apply(controller, newest)
        revision = controller.cluster.desired.now.services["web"].revision
        begun = partial(has_begun, controller, revision)
        await eventually_async(begun)
    await converged(controller, newest)


def has_begun(controller: Controller, revision: str) -> bool:
    """Whether a replica of that revision is there."""
    return any(one.revision == revision for one in rows(controller))


async def test_revisions_side_by_side_have_the_shares_they_are_given(rig: Rig) -> None:
    """A canary: the first replica has a new revision, which does not come up in the second slot."""
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    old = row(controller, "web-1").revision
    only_first = "import os\nif os.environ['ORCH_SLOT'] != '1': raise SystemExit(3)\n"
    code = app.python(only_first + app.WEB)

    def weighing(**weights: int) -> ServiceSpec:
        proxy = {"listen": rig.port, "balancing": {"weights": weights}}
        return rig.service(replicas=2, command=code, proxy=proxy)

    async def shares() -> Counter[str]:
        answers = [await get(f"127.0.0.1:{rig.port}") for _ in range(40)]
        return Counter(one.body for one in answers)

    async def shares_are(first: int, second: int) -> bool:
        return await shares() == {"web-1.2": first, "web-2.1": second}

    apply(controller, weighing(**{old: 4}))
    await eventually_async(partial(shares_are, 8, 32))
    new = row(controller, "web-1").revision
    apply(controller, weighing(**{new: 9}))
    await eventually_async(partial(shares_are, 36, 4))
    apply(controller, weighing())
    await eventually_async(partial(shares_are, 20, 20))


async def test_a_revision_that_never_gets_ready_takes_nothing_away(rig: Rig) -> None:
    """Fault 23, as far as it goes without a rollback: the old replicas go on serving."""
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    bad = rig.service(replicas=2, command=app.python(app.CRASHES))
    async with load(f"127.0.0.1:{rig.port}") as traffic:
        apply(controller, bad)
        await until(controller, "web-1", "CrashLoopBackOff", "Starting", "Running", attempt=4)
        assert {one.name for one in rows(controller) if one.ready} == {"web-1", "web-2"}
        good = rig.service(replicas=2, env={"VERSION": "3"})
        apply(controller, good)
        await settle(controller)
    assert traffic.failures == []
    await converged(controller, good)


async def test_changes_that_need_no_new_replica_start_none(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    before = {one.id for one in rows(controller)}
    probes = {"readiness": {"path": "/healthz", "period": "100ms", "failureThreshold": 4}}
    changed = rig.service(replicas=2, probes=probes, restart="on-failure")
    apply(controller, changed)
    await converged(controller, changed)
    assert {one.id for one in rows(controller)} == before
