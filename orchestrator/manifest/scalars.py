"""What a YAML scalar means: the core schema of YAML 1.2, numbers in plain decimal only.

So `no`, `on`, `1:30`, `0777` and dates stay texts and mean what they show
(https://yaml.org/spec/1.2.2/#103-core-schema).
"""

import math
import re
from typing import Final

CORE: Final = "tag:yaml.org,2002:"
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# Bounded: a longer number stays a text, and no manifest field takes it.
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?(?:[eE][-+]?[0-9]{1,3})?", re.ASCII)

Scalar = str | int | float | bool | None


class SourceFloat(float):
    """A float that prints as it was written, so that `VERSION: 1.10` stays `1.10`."""

    source: str

    def __new__(cls, source: str) -> "SourceFloat":
        number = super().__new__(cls, source)
        number.source = source
        return number

    def __str__(self) -> str:
        return self.source


def resolve(text: str) -> Scalar:
    """The value of a plain scalar (one without quotes and tag)."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := SourceFloat(text)):
        return number
    return text


def convert(text: str, tag: str) -> Scalar:
    """The value of a scalar with an explicit core tag. Raises `ValueError` where it has none,
    `KeyError` where the tag is not a core one of scalars."""
    kinds: dict[str, type | tuple[type, ...]] = {
        CORE + "null": type(None),
        CORE + "bool": bool,
        CORE + "int": int,
        CORE + "float": (int, float),
    }
    if tag in ("!", CORE + "str"):
        return text
    value = resolve(text)
    if not isinstance(value, kinds[tag]) or (isinstance(value, bool) and tag != CORE + "bool"):
        raise ValueError(text)
    return value
