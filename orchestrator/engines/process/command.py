"""What a launch means on this engine: the program, its environment, its folder."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from orchestrator.model.errors import EngineError
from orchestrator.model.launch import Launch

RUN_VARIABLE: Final = "ORCH_RUN"
"""Set in every process of a replica, with a value no other replica has."""
_PASSED_ON: Final = ("HOME", "LANG", "TMPDIR", "TZ")


def base_environment() -> dict[str, str]:
    """A small one of our own: nothing leaks from ours. `python` is the interpreter we run on."""
    env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    path = os.environ.get("PATH", os.defpath)
    return {**env, "PATH": os.pathsep.join((str(Path(sys.executable).parent), path))}


def environment(launch: Launch, run: str) -> dict[str, str]:
    """What the launch says on top of the small one."""
    ours = {"PYTHONUNBUFFERED": "1", "HOSTNAME": launch.hostname}
    return {**base_environment(), **ours, **launch.env, RUN_VARIABLE: run}


def argv(launch: Launch, env: Mapping[str, str], workdir: str) -> list[str]:
    """The program as a path, and its arguments. Raises `EngineError` with the remedy."""
    command = launch.process_command or launch.command
    if not command:
        raise EngineError(
            f"{launch.id.key.name}: the process engine cannot run the image {launch.image!r}:"
            " it has no command",
            remedy=f"give the service {launch.id.service} a command, or one for this engine only"
            " (process: {command: [python, -m, app]}), or use --engine docker",
        )
    return [_program(command[0], env.get("PATH", ""), workdir), *command[1:]]


def workdir(launch: Launch) -> str:
    """The folder to run in. Raises `EngineError` when there is no such folder."""
    folder = str(Path(launch.workdir or "/").absolute())
    if not Path(folder).is_dir():
        raise EngineError(
            f"{launch.id.key.name}: workdir {folder} is no folder",
            remedy="make it, or name another one (process: {workdir: …})",
        )
    return folder


def _program(name: str, path: str, workdir: str) -> str:
    found = str(Path(workdir, name)) if "/" in name else shutil.which(name, path=path)
    if found is None or not Path(found).is_file():
        where = "" if "/" in name else f" on PATH ({path})"
        raise EngineError(
            f"program {name!r} not found{where}",
            remedy="install it, or say what to run here (process: {command: […]})",
        )
    if not os.access(found, os.X_OK):
        raise EngineError(f"program {found} may not be executed", remedy=f"chmod +x {found}")
    return found
