"""One thing that was looked at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.runtime.project import Project


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, with less."""
    ERROR = "error"
    """It does not work like this."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it ("" where there is nothing to do)."""

    check: str
    level: Level
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What to look at: a project, and the paths of its manifests."""

    project: Project
    manifests: tuple[str, ...]


Check = Callable[[Subject], Iterator[Finding]]
