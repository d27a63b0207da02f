"""One YAML document as plain data that remembers where each value stood."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.model.errors import Problem
from orchestrator.model.text import quote

FieldPath = tuple[str | int, ...]
LONGEST_FIELD: Final = 40


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file. Line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """`values` and `keys` say where the value, and the key, of each field path begins."""

    file: str
    base: Path
    """The folder that relative paths in it start from."""
    data: object
    values: Mapping[FieldPath, Mark]
    keys: Mapping[FieldPath, Mark]

    def problem(
        self, path: FieldPath, message: str, remedy: str = "", *, at_key: bool = False
    ) -> Problem:
        """What is wrong with the field at `path`, shown at its value, or at its key."""
        mark = (self.keys if at_key else self.values).get(path) or self._nearest(path)
        return Problem(self.file, mark.line, mark.column, dotted(path), message, remedy)

    def where(self, path: FieldPath = ()) -> str:
        """`web.yaml:3:7`"""
        mark = self._nearest(path)
        return f"{self.file}:{mark.line}:{mark.column}"

    def _nearest(self, path: FieldPath) -> Mark:
        return next(self.values[part] for part in _ancestry(path) if part in self.values)


def _ancestry(path: FieldPath) -> Iterator[FieldPath]:
    return (path[:length] for length in range(len(path), -1, -1))


def dotted(path: FieldPath) -> str:
    """`resources.limits.cpu`, `command[2]`; a part that is no plain word is quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + _word(part)
    return text


def _word(part: str) -> str:
    plain = part.isascii() and part.replace("-", "").replace("_", "").isalnum()
    return part if plain and len(part) <= LONGEST_FIELD else quote(part)
