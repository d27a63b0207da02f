"""What a launch means here, and what cannot run: said clearly, with nothing left behind."""

import json
import sys
from pathlib import Path

import pytest

from orchestrator.engines.process import ProcessEngine
from orchestrator.model.errors import EngineError
from tests.engines.contract.bench import WAIT, Bench, ended, python, texts

SAY = "import json, os, sys; print(json.dumps([dict(os.environ), os.getcwd(), sys.executable]))"


async def test_an_image_without_a_command_cannot_run(bench: Bench, engine: ProcessEngine) -> None:
    with pytest.raises(EngineError, match=r"cannot run the image 'orchestrator-base:3'") as caught:
        await engine.start(bench.launch(1, ()))
    assert "process: {command:" in caught.value.remedy
    assert await engine.list() == []


async def test_the_commands_program_must_be_there(bench: Bench, engine: ProcessEngine) -> None:
    with pytest.raises(EngineError, match="'no-such-program' not found on PATH"):
        await engine.start(bench.launch(1, ("no-such-program",)))
    with pytest.raises(EngineError, match=r"'\./here' not found"):
        await engine.start(bench.launch(1, ("./here",)))
    assert await engine.list() == []


async def test_the_commands_program_must_be_executable(
    bench: Bench, engine: ProcessEngine, tmp_path: Path
) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o644)
    launch = bench.launch(1, ("./tool",), workdir=str(tmp_path))
    with pytest.raises(EngineError, match="may not be executed") as caught:
        await engine.start(launch)
    assert "chmod +x" in caught.value.remedy
    (tmp_path / "tool").chmod(0o755)
    assert (await engine.start(launch)).id == launch.id


async def test_the_workdir_must_be_there(
    bench: Bench, engine: ProcessEngine, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match=r"workdir .* is no folder"):
        await engine.start(bench.launch(1, python(WAIT), workdir=str(tmp_path / "gone")))


async def test_it_runs_in_its_workdir_with_our_interpreter(
    bench: Bench, engine: ProcessEngine, tmp_path: Path
) -> None:
    env = {"PORT": "8000", "GREETING": "héllo = $(id)\nsecond line"}
    launch = bench.launch(
        1, ("python", "-c", SAY), port=8000, env=env, workdir=str(tmp_path), hostname="app-1"
    )
    replica = await engine.start(launch)
    await ended(engine, launch.id)
    (said,) = await texts(engine, replica)
    seen, folder, interpreter = json.loads(said)
    assert Path(folder) == tmp_path
    assert Path(interpreter).parent == Path(sys.executable).parent
    assert replica.endpoint is not None
    assert (replica.endpoint.host, seen["PORT"]) == ("127.0.0.1", str(replica.endpoint.port))
    assert (seen["GREETING"], seen["HOSTNAME"]) == (env["GREETING"], "app-1")
    assert seen["PATH"].split(":")[0] == str(Path(sys.executable).parent)
    assert seen["PYTHONUNBUFFERED"] == "1"


async def test_the_command_of_the_process_section_wins(bench: Bench, engine: ProcessEngine) -> None:
    launch = bench.launch(1, ("no-such-program",), process_command=python("exit(7)"))
    await engine.start(launch)
    how = (await ended(engine, launch.id)).exit
    assert how is not None
    assert how.code == 7


async def test_arguments_are_never_read_by_a_shell(
    bench: Bench, engine: ProcessEngine, tmp_path: Path
) -> None:
    odd = ["$(touch hit)", "`touch hit`", "; touch hit", "--", "a  b", "", "-e", "*", "\n"]
    command = ("python", "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", *odd)
    replica = await engine.start(bench.launch(1, command, workdir=str(tmp_path)))
    await ended(engine, replica.id)
    (said,) = await texts(engine, replica)
    assert json.loads(said) == odd
    assert list(tmp_path.iterdir()) == []


async def test_secrets_of_the_environment_are_written_nowhere(
    bench: Bench, engine: ProcessEngine, folder: Path
) -> None:
    await engine.start(bench.launch(1, python(WAIT), env={"TOKEN": "canary-4711"}))
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {"record.json", "claim", "log"}
    assert not [path for path in written if b"canary-4711" in path.read_bytes()]


async def test_what_is_written_is_for_our_eyes_only(
    bench: Bench, engine: ProcessEngine, folder: Path
) -> None:
    await engine.start(bench.launch(1, python(WAIT)))
    for path in (folder, folder / "app-1.1"):
        assert path.stat().st_mode & 0o777 == 0o700
    assert (folder / "app-1.1" / "log").stat().st_mode & 0o777 == 0o600
