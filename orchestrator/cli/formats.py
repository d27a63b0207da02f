"""The values of `-o`."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any


class Format(StrEnum):
    """How a command prints what it has to say."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"

    @property
    def for_people(self) -> bool:
        """Text to read, rather than data to process."""
        return self in (Format.TABLE, Format.WIDE)


def dump(data: Any, form: Format) -> str:
    """`data` as JSON or YAML, without a line end."""
    if form is Format.YAML:
        import yaml

        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True).rstrip("\n")
    return json.dumps(data, indent=2, ensure_ascii=False)


def compact(data: Any) -> str:
    """One line of JSON, for streams."""
    return json.dumps(data, ensure_ascii=False)


def names(kind: str, rows: Sequence[Any]) -> list[str]:
    """What `-o name` prints: `replica/web-2`, as kubectl does; every command takes it back."""
    return [f"{kind}/{row['name']}" for row in rows]


def bare(name: str) -> str:
    """`replica/web-2` → `web-2`."""
    return name.rpartition("/")[2]
