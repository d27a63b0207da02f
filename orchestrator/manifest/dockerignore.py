"""The patterns of a .dockerignore file (https://docs.docker.com/build/concepts/context/)."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

_ANY_DEPTH: Final = "**"


@dataclass(frozen=True, slots=True)
class Rule:
    """`parts` is the pattern cut at its slashes; an `exception` (`!`) takes matches back in."""

    parts: tuple[str, ...]
    exception: bool

    def reopens(self, folder: tuple[str, ...]) -> bool:
        """Whether it takes something back in that lies in an excluded folder. As for Docker,
        only a pattern that begins with the folder's own name does."""
        return self.exception and self.parts[: len(folder)] == folder


def parse_rules(text: str) -> tuple[Rule, ...]:
    """One rule a line; blank lines and comments are left out."""
    lines = (line.strip() for line in text.splitlines())
    rules = (_rule(line) for line in lines if line and not line.startswith("#"))
    return tuple(rule for rule in rules if rule.parts)


def _rule(line: str) -> Rule:
    pattern = line.removeprefix("!").strip()
    clean = posixpath.normpath("/" + pattern).strip("/")
    return Rule(tuple(part for part in clean.split("/") if part), line.startswith("!"))


def is_ignored(path: tuple[str, ...], rules: Iterable[Rule]) -> bool:
    """Whether the last rule that matches the path, or a folder above it, excludes it."""
    ignored = False
    for rule in rules:
        if rule.exception == ignored and _covers(rule.parts, path):
            ignored = not ignored
    return ignored


def _covers(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the pattern matches some beginning of the path.

    `reach` holds how many parts of the path can be used up so far: no backtracking.
    """
    reach = {0}
    for part in pattern:
        if part == _ANY_DEPTH:
            reach = set(range(min(reach), len(path) + 1))
        else:
            reach = {n + 1 for n in reach if n < len(path) and fnmatchcase(path[n], part)}
        if not reach:
            return False
    return any(n > 0 for n in reach)
