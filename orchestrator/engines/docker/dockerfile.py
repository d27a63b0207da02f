"""Choosing a build's base image where the Dockerfile leaves it open (`ARG BASE`)."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

ARGUMENT: Final = "BASE"
PYTHON: Final = "python:3.12-slim"
OFFLINE: Final = "orchestrator-base:3"
"""What `make base-image` makes where nothing can be pulled."""
_MAX_BYTES: Final = 2**20
_BASE = re.compile(r"^[ \t]*ARG[ \t]+BASE(?:=(\S*))?[ \t]*$", re.MULTILINE | re.IGNORECASE)


def base_argument(
    dockerfile: Path, given: Mapping[str, str], on_engine: Callable[[str], bool]
) -> dict[str, str]:
    """The argument to add, if any. The Dockerfile's own default comes first; a Python that is not
    on the engine is replaced by one that is."""
    declared = None if ARGUMENT in given else _BASE.search(_text(dockerfile))
    if declared is None:
        return {}
    default = (declared[1] or PYTHON).strip("\"'")
    for image in (default, OFFLINE) if default.startswith("python:") else (default,):
        if on_engine(image):
            return {ARGUMENT: image}
    return {ARGUMENT: default}


def _text(dockerfile: Path) -> str:
    try:
        with dockerfile.open("rb") as file:
            return file.read(_MAX_BYTES).decode(errors="replace")
    except OSError:
        return ""
