"""Starting is idempotent, whatever an earlier try left behind (fault 8)."""

import asyncio

import docker
import httpx
import pytest

from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.identity import container_name, network_name, project_filter
from orchestrator.engines.docker.request import create_request
from orchestrator.model.errors import EngineError, NotFoundError
from orchestrator.model.names import LABEL_PROJECT
from orchestrator.model.state import Exit
from tests.engines.contract.bench import SERVER, WAIT, Bench, ended, python
from tests.engines.docker.conftest import Inspect
from tests.engines.docker.wire import Wire
from tests.support.wait import eventually_async

pytestmark = pytest.mark.docker


async def test_created_but_not_started_is_started(
    bench: Bench, engine: DockerEngine, client: docker.APIClient
) -> None:
    """As after a create that timed out, or a controller killed right after it."""
    launch = bench.launch(1, python(WAIT))
    await engine.start(bench.launch(2, python(WAIT)))
    request = create_request(bench.project, launch, publish=False)
    name = container_name(bench.project, launch.id)
    made = client.create_container_from_config(request, name)["Id"]  # type: ignore[no-untyped-call]
    listed = {one.id: one for one in await engine.list()}
    assert (listed[launch.id].running, listed[launch.id].exit) == (False, None)
    replica = await engine.start(launch)
    assert (replica.engine_id, replica.running) == (made, True)


async def test_what_has_run_is_not_run_again(
    bench: Bench, engine: DockerEngine, inspect: Inspect
) -> None:
    launch = bench.launch(1, python("exit(3)"))
    first = await engine.start(launch)
    await ended(engine, launch.id)
    before = inspect(first.engine_id)["State"]["StartedAt"]
    again = await (await bench.engine()).start(launch)
    assert (again.engine_id, again.running, again.exit) == (first.engine_id, False, Exit(code=3))
    assert inspect(first.engine_id)["State"]["StartedAt"] == before


async def test_a_command_that_cannot_run_leaves_nothing(
    bench: Bench, engine: DockerEngine, client: docker.APIClient
) -> None:
    with pytest.raises(EngineError, match="no-such-program"):
        await engine.start(bench.launch(1, ("no-such-program",)))
    assert await engine.list() == []


async def test_an_image_that_is_gone_is_not_found(bench: Bench, engine: DockerEngine) -> None:
    with pytest.raises(NotFoundError, match="no-such-image"):
        await engine.start(bench.launch(1, python(WAIT), image="no-such-image:1"))


async def test_a_removed_network_is_made_again(
    bench: Bench, engine: DockerEngine, client: docker.APIClient
) -> None:
    first = await engine.start(bench.launch(1, python(WAIT)))
    await engine.remove(first.engine_id)
    client.remove_network(network_name(bench.project))
    assert (await engine.start(bench.launch(2, python(WAIT)))).running


async def test_many_starts_of_many_instances_make_one_network(
    bench: Bench, client: docker.APIClient
) -> None:
    engines = [await bench.engine() for _ in range(3)]
    starts = (
        engine.start(bench.launch(slot, python(WAIT))) for slot, engine in enumerate(engines, 1)
    )
    await asyncio.gather(*starts)
    assert len(client.networks(names=[network_name(bench.project)])) == 1
    assert len(await engines[0].list()) == 3


async def test_a_second_network_of_that_name_is_taken_away(
    bench: Bench, engine: DockerEngine, client: docker.APIClient
) -> None:
    """As of an instance that was killed before it could take back what it made too many."""
    name = network_name(bench.project)
    labels = {LABEL_PROJECT: bench.project}
    made = [client.create_network(name, "bridge", labels=labels)["Id"] for _ in range(2)]
    assert len(set(made)) == 2
    assert (await engine.start(bench.launch(1, python(WAIT)))).running
    assert len(client.networks(names=[name])) == 1


async def test_of_two_networks_the_one_in_use_stays(
    bench: Bench, engine: DockerEngine, client: docker.APIClient
) -> None:
    """As of two instances of which the later one's container had already joined."""
    name = network_name(bench.project)
    labels = {LABEL_PROJECT: bench.project}
    first = bench.launch(1, python(WAIT))
    request = create_request(bench.project, first, publish=False)
    request["HostConfig"]["NetworkMode"] = "none"
    del request["NetworkingConfig"]
    made = client.create_container_from_config(  # type: ignore[no-untyped-call]
        request, container_name(bench.project, first.id)
    )["Id"]
    client.start(made)
    client.disconnect_container_from_network(made, "none")
    old, new = (client.create_network(name, "bridge", labels=labels)["Id"] for _ in range(2))
    client.connect_container_to_network(made, new)
    assert (await engine.start(bench.launch(2, python(WAIT)))).running
    assert [one["Id"] for one in client.networks(names=[name])] == [new]
    assert old != new


async def test_a_cancelled_start_leaves_nothing_after_destroy(
    bench: Bench, engine: DockerEngine, client: docker.APIClient, wire: Wire
) -> None:
    """Its calls go on in their thread: here the create is on its way and late."""
    late = DockerEngine(bench.project, base_url=wire.url)
    wire.hold(b"/containers/create")
    starting = asyncio.create_task(late.start(bench.launch(1, python(WAIT))))
    await asyncio.wait_for(wire.held.wait(), 10)
    starting.cancel()
    destroying = asyncio.create_task(late.destroy())
    done, _ = await asyncio.wait({destroying}, timeout=0.5)
    assert not done, "it did not wait for the late call"
    wire.release()
    await destroying
    await late.close()
    mine = project_filter(bench.project)
    assert client.containers(all=True, filters=mine) == []
    assert client.networks(filters=mine) == []


async def test_reading_makes_no_network(
    bench: Bench, engine: DockerEngine, client: docker.APIClient
) -> None:
    await engine.list()
    await engine.stats(["x"])
    assert engine.writes == 0
    assert client.networks(names=[network_name(bench.project)]) == []


async def test_published_ports_are_on_loopback_and_answer(bench: Bench, inspect: Inspect) -> None:
    await bench.engine()
    engine = DockerEngine(bench.project, publish_ports=True)
    try:
        replica = await engine.start(bench.launch(1, python(SERVER), port=8000))
        endpoint = replica.endpoint
        assert endpoint is not None
        assert endpoint.host == "127.0.0.1"
        assert [one.endpoint for one in await engine.list()] == [endpoint]
        ports = inspect(replica.engine_id)["NetworkSettings"]["Ports"]["8000/tcp"]
        assert {port["HostIp"] for port in ports} == {"127.0.0.1"}

        async def answers() -> bool:
            try:
                async with httpx.AsyncClient(timeout=2) as http:
                    return (await http.get(f"http://{endpoint}/")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually_async(answers)
    finally:
        await engine.close()
