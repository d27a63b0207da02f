"""Images: used, built, built again when their sources change, pulled; or it is said why not."""

import asyncio
import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import NotFound

from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.dockerfile import OFFLINE, PYTHON, base_argument
from orchestrator.model.errors import ImageError
from orchestrator.model.launch import ImageSpec
from orchestrator.model.names import LABEL_SOURCE
from tests.engines.contract.bench import Bench
from tests.engines.docker.registry import registry


@pytest.fixture
def context(tmp_path: Path, image: str) -> Path:
    """A build folder: the base image and one file."""
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {image}\nCOPY . /app\nCMD ['cat', '/app/file']\n")
    (folder / "file").write_text("one")
    return folder


@pytest.fixture
def pulled(client: docker.APIClient) -> Iterator[str]:
    """The name of an image in a registry on this machine, removed afterwards."""
    marker = uuid.uuid4().hex
    with registry(marker) as address:
        name = f"{address}/orchestrator/test-{marker}:1"
        yield name
        with contextlib.suppress(NotFound):
            client.remove_image(name, force=True)


async def ensure(engine: DockerEngine, image: ImageSpec) -> list[str]:
    """The progress it makes."""
    told: list[str] = []
    await engine.ensure_image(image, told.append)
    return told


def labels(client: docker.APIClient, name: str) -> dict[str, str]:
    found: dict[str, str] = client.inspect_image(name)["Config"]["Labels"]  # type: ignore[no-untyped-call]
    return found


@pytest.mark.docker
async def test_an_image_that_is_there_is_used(engine: DockerEngine, image: str) -> None:
    assert await ensure(engine, ImageSpec(image)) == []
    assert engine.writes == 0


@pytest.mark.docker
async def test_built_once_and_again_when_its_sources_change(
    bench: Bench, engine: DockerEngine, client: docker.APIClient, context: Path, image_name: str
) -> None:
    image = ImageSpec(image_name, str(context), source="first")
    told = await ensure(engine, image)
    assert told[0].startswith("Step 1/4 : FROM")
    assert any("Successfully built" in line for line in told)
    assert labels(client, image_name)[LABEL_SOURCE] == "first"
    first = client.inspect_image(image_name)["Id"]  # type: ignore[no-untyped-call]
    assert await ensure(engine, image) == []
    assert engine.writes == 1

    (context / "file").write_text("two")
    assert await ensure(engine, ImageSpec(image_name, str(context), source="second"))
    assert labels(client, image_name)[LABEL_SOURCE] == "second"
    replica = await engine.start(bench.launch(1, ("cat", "/app/file"), image=image_name))
    assert [line.text async for line in engine.logs(replica, follow=True)] == ["two"]
    await engine.remove(replica.engine_id)
    client.remove_image(first, force=True)


@pytest.mark.docker
async def test_many_who_wait_cause_one_build(
    engine: DockerEngine, context: Path, image_name: str
) -> None:
    image = ImageSpec(image_name, str(context), source="x")
    told = await asyncio.gather(*(ensure(engine, image) for _ in range(4)))
    assert sorted(map(bool, told)) == [False, False, False, True]
    assert engine.writes == 1


@pytest.mark.docker
async def test_the_folder_may_be_a_link_and_what_is_ignored_stays_out(
    bench: Bench, engine: DockerEngine, context: Path, image_name: str
) -> None:
    (context / ".dockerignore").write_text("secret*\nDockerfile\n.dockerignore\n")
    (context / "secret.txt").write_text("canary")
    link = context.parent / "link"
    link.symlink_to(context)
    await ensure(engine, ImageSpec(image_name, str(link), source="x"))
    replica = await engine.start(bench.launch(1, ("ls", "-A", "/app"), image=image_name))
    assert [line.text async for line in engine.logs(replica, follow=True)] == ["file"]


@pytest.mark.docker
async def test_build_arguments_and_another_dockerfile(
    bench: Bench, engine: DockerEngine, context: Path, image: str, image_name: str
) -> None:
    (context / "other").mkdir()
    text = "ARG BASE\nFROM ${BASE}\nARG WORD\nRUN echo $WORD > /word\n"
    (context / "other" / "Dockerfile").write_text(text)
    arguments = {"BASE": image, "WORD": "said"}
    spec = ImageSpec(image_name, str(context), "other/Dockerfile", arguments, "x")
    await ensure(engine, spec)
    replica = await engine.start(bench.launch(1, ("cat", "/word"), image=image_name))
    assert [line.text async for line in engine.logs(replica, follow=True)] == ["said"]


@pytest.mark.docker
async def test_a_failed_build_shows_its_last_lines(
    engine: DockerEngine, client: docker.APIClient, context: Path, image: str, image_name: str
) -> None:
    (context / "Dockerfile").write_text(f"FROM {image}\nRUN echo the last words; exit 3\n")
    with pytest.raises(ImageError, match="returned a non-zero code: 3") as caught:
        await ensure(engine, ImageSpec(image_name, str(context), source="x"))
    assert caught.value.reason == "ErrImageBuild"
    assert "\n  the last words" in str(caught.value)
    assert str(context) in caught.value.remedy
    assert client.images(image_name) == []


@pytest.mark.docker
async def test_a_build_on_a_base_that_cannot_be_had_says_how_to_get_one(
    engine: DockerEngine, context: Path, image_name: str, pulled: str
) -> None:
    missing = f"{pulled.removesuffix(':1')}:2"
    (context / "Dockerfile").write_text(f"FROM {missing}\n")
    with pytest.raises(ImageError, match=missing) as caught:
        await ensure(engine, ImageSpec(image_name, str(context), source="x"))
    assert "make base-image" in caught.value.remedy


@pytest.mark.docker
@pytest.mark.parametrize(
    ("folder", "dockerfile", "said"),
    [("nowhere", "Dockerfile", "is no folder"), ("context", "Nofile", "Nofile")],
)
async def test_a_build_that_cannot_begin_is_said(
    engine: DockerEngine, context: Path, image_name: str, folder: str, dockerfile: str, said: str
) -> None:
    spec = ImageSpec(image_name, str(context.parent / folder), dockerfile, source="x")
    with pytest.raises(ImageError, match=said) as caught:
        await ensure(engine, spec)
    assert caught.value.reason == "ErrImageBuild"


@pytest.mark.docker
async def test_a_missing_image_is_pulled(
    engine: DockerEngine, client: docker.APIClient, pulled: str
) -> None:
    told = await ensure(engine, ImageSpec(pulled))
    assert told[0] == f"Pulling {pulled}"
    assert any(line.endswith(": Pull complete") for line in told)
    assert len(client.images(pulled)) == 1
    assert await ensure(engine, ImageSpec(pulled)) == []


@pytest.mark.docker
async def test_a_pull_that_fails_says_what_to_do(engine: DockerEngine, pulled: str) -> None:
    missing = pulled.replace(":1", ":2") if pulled.endswith(":2") else pulled[:-1] + "2"
    with pytest.raises(ImageError, match=missing) as caught:
        await ensure(engine, ImageSpec(missing))
    assert caught.value.reason == "ErrImagePull"
    assert f"docker pull {missing}" in caught.value.remedy
    assert "build:" in caught.value.remedy


@pytest.mark.docker
async def test_one_that_must_not_be_pulled_is_missing(engine: DockerEngine, pulled: str) -> None:
    with pytest.raises(ImageError, match="pull: never") as caught:
        await ensure(engine, ImageSpec(pulled, pull=False))
    assert caught.value.reason == "ErrImagePull"


@pytest.mark.parametrize(
    ("text", "given", "there", "expected"),
    [
        (f"ARG BASE={PYTHON}\nFROM $BASE", {}, {PYTHON, OFFLINE}, {"BASE": PYTHON}),
        (f"ARG BASE={PYTHON}\nFROM $BASE", {}, {OFFLINE}, {"BASE": OFFLINE}),
        (f"ARG BASE={PYTHON}\nFROM $BASE", {}, set(), {"BASE": PYTHON}),
        (f"ARG BASE={PYTHON}\nFROM $BASE", {"BASE": "mine:1"}, {OFFLINE}, {}),
        ("ARG BASE\nFROM ${BASE}", {}, {OFFLINE}, {"BASE": OFFLINE}),
        ("arg BASE='python:3.11'\nFROM $BASE", {}, {OFFLINE}, {"BASE": OFFLINE}),
        ("ARG BASE=node:22\nFROM $BASE", {}, {OFFLINE}, {"BASE": "node:22"}),
        ("ARG BASES=python:3\nFROM $BASES", {}, {OFFLINE}, {}),
        ("FROM python:3.12-slim", {}, {OFFLINE}, {}),
        (None, {}, {OFFLINE}, {}),
    ],
)
def test_the_base_of_a_build(
    tmp_path: Path,
    text: str | None,
    given: dict[str, str],
    there: set[str],
    expected: dict[str, str],
) -> None:
    dockerfile = tmp_path / "Dockerfile"
    if text is not None:
        dockerfile.write_text(text)
    assert base_argument(dockerfile, given, there.__contains__) == expected
