"""What is not ours is not seen and not touched (fault 26)."""

from collections.abc import Callable

import docker
import pytest

from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.identity import container_name
from orchestrator.model.errors import EngineError, NotFoundError
from orchestrator.model.names import (
    LABEL_ATTEMPT,
    LABEL_PROJECT,
    LABEL_SERVICE,
    LABEL_SLOT,
)
from tests.engines.contract.bench import WAIT, Bench, listening, python
from tests.engines.docker.conftest import Inspect

pytestmark = pytest.mark.docker

GARBAGE = [
    {LABEL_SLOT: "1"},
    {LABEL_SERVICE: "app", LABEL_ATTEMPT: "1"},
    {LABEL_SERVICE: "app", LABEL_SLOT: "one", LABEL_ATTEMPT: "1"},
    {LABEL_SERVICE: "app", LABEL_SLOT: "0", LABEL_ATTEMPT: "1"},
    {LABEL_SERVICE: "app", LABEL_SLOT: "-1", LABEL_ATTEMPT: "1"},
    {LABEL_SERVICE: "app", LABEL_SLOT: "1", LABEL_ATTEMPT: "9" * 5000},
    {LABEL_SERVICE: "../app", LABEL_SLOT: "1", LABEL_ATTEMPT: "1"},
]


async def test_containers_without_our_labels_survive_everything(
    bench: Bench, engine: DockerEngine, stranger: Callable[..., str], inspect: Inspect
) -> None:
    ids = [stranger(), stranger({LABEL_PROJECT: f"{bench.project}x"})]
    await engine.start(bench.launch(1, python(WAIT)))
    assert len(await engine.list()) == 1
    for engine_id in ids:
        await engine.stop(engine_id, 0)
        await engine.remove(engine_id)
        with pytest.raises(NotFoundError):
            await engine.signal(engine_id, "KILL")
        with pytest.raises(NotFoundError):
            await engine.exec(engine_id, ["true"], 5)
    await engine.destroy()
    assert [inspect(engine_id)["State"]["Running"] for engine_id in ids] == [True, True]


async def test_garbled_labels_are_no_replica(
    bench: Bench, engine: DockerEngine, stranger: Callable[..., str], inspect: Inspect
) -> None:
    ids = [stranger({LABEL_PROJECT: bench.project} | labels) for labels in GARBAGE]
    async with listening(engine) as ear:
        replica = await engine.start(bench.launch(1, python(WAIT)))
        for engine_id in ids:
            await engine.remove(engine_id)
        await engine.remove(replica.engine_id)
        await ear.kinds(replica.id, "removed")
    assert {event.id for event in ear.heard} == {None, replica.id}
    assert await engine.list() == []
    assert all(inspect(engine_id)["State"]["Running"] for engine_id in ids)


async def test_a_name_taken_by_a_stranger_is_said(
    bench: Bench, engine: DockerEngine, stranger: Callable[..., str], inspect: Inspect
) -> None:
    launch = bench.launch(1, python(WAIT))
    name = container_name(bench.project, launch.id)
    engine_id = stranger(name=name)
    with pytest.raises(EngineError, match=name) as caught:
        await engine.start(launch)
    assert name in caught.value.remedy
    assert inspect(engine_id)["State"]["Running"]


async def test_a_network_name_taken_by_a_stranger_is_said(
    bench: Bench, engine: DockerEngine, client: docker.APIClient
) -> None:
    name = f"orch-{bench.project}"
    client.create_network(name)
    try:
        with pytest.raises(EngineError, match=name):
            await engine.start(bench.launch(1, python(WAIT)))
        await engine.destroy()
        assert [one["Name"] for one in client.networks(names=[name])] == [name]
    finally:
        client.remove_network(name)


async def test_destroy_names_the_stranger_on_our_network(
    bench: Bench, engine: DockerEngine, stranger: Callable[..., str], client: docker.APIClient
) -> None:
    await engine.start(bench.launch(1, python(WAIT)))
    name = f"{bench.project}-guest"
    engine_id = stranger(name=name, NetworkMode=f"orch-{bench.project}")
    with pytest.raises(EngineError, match=name):
        await engine.destroy()
    assert await engine.list() == []
    client.remove_container(engine_id, force=True)
    await engine.destroy()
    assert client.networks(names=[f"orch-{bench.project}"]) == []
