"""CPU, memory and duration texts as Kubernetes and Compose users write them."""

import math
import re
from typing import Final

from orchestrator.model.errors import QuantityError

# Kubernetes resource units: binary powers end in i, decimal ones do not.
MEMORY_UNITS: Final = {
    "": 1,
    "k": 10**3,
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
DURATION_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

# More digits than any machine needs; bounds the work on hostile input.
_NUMBER = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)([A-Za-z]{0,6})", re.ASCII)
_DURATION_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ms|s|m|h)", re.ASCII)
_DURATION = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,9})?(?:ms|s|m|h)){1,4}", re.ASCII)
_LONGEST_TEXT = 40


def parse_cpu(value: object) -> int:
    """Millicores of `2`, `0.5`, `"250m"`. Raises `QuantityError`."""
    number, unit = _split(value, "cpu", 'cores or millicores such as 0.5 or "250m"')
    if unit not in ("", "m"):
        raise QuantityError(
            f"unknown cpu unit {unit!r} in {value!r}", remedy='write cores or "250m"'
        )
    millicores = number if unit == "m" else number * 1000
    if millicores != int(millicores):
        raise QuantityError(
            f"cpu {value!r} is finer than 1m", remedy="the smallest step is 1m (a thousandth)"
        )
    return int(millicores)


def parse_memory(value: object) -> int:
    """Bytes of `"64Mi"`, `"1.5Gi"`, `"200M"`, `134217728`. Raises `QuantityError`."""
    number, unit = _split(value, "memory", 'a size such as "64Mi" or "1Gi"')
    if unit not in MEMORY_UNITS:
        raise QuantityError(
            f"unknown memory unit {unit!r} in {value!r}", remedy="use Ki, Mi, Gi, Ti or k, M, G, T"
        )
    return math.ceil(number * MEMORY_UNITS[unit])


def parse_duration(value: object) -> float:
    """Seconds of `"500ms"`, `"2s"`, `"1m30s"`, `2`. Raises `QuantityError`."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise QuantityError(f"{value!r} is no duration", remedy='write "500ms", "2s" or "1m30s"')
    if isinstance(value, int | float):
        return _not_negative(float(value), value, "duration")
    if len(value) > _LONGEST_TEXT or not _DURATION.fullmatch(value):
        hint = 'write "500ms", "2s" or "1m30s"'
        raise QuantityError(f"{_shown(value)} is no duration", remedy=hint)
    parts = _DURATION_PART.findall(value)
    return math.fsum(float(number) * DURATION_UNITS[unit] for number, unit in parts)


def format_cpu(millicores: int) -> str:
    """`250` → `250m`, `2000` → `2`."""
    return f"{millicores // 1000}" if millicores % 1000 == 0 else f"{millicores}m"


def format_memory(memory_bytes: int) -> str:
    """The largest binary unit that shows the size exactly: `67108864` → `64Mi`."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if memory_bytes and memory_bytes % MEMORY_UNITS[unit] == 0:
            return f"{memory_bytes // MEMORY_UNITS[unit]}{unit}"
    return str(memory_bytes)


def format_duration(seconds: float) -> str:
    """The shortest exact text: `0.5` → `500ms`, `90` → `1m30s`, `2` → `2s`."""
    milliseconds = round(seconds * 1000)
    if milliseconds % 1000:
        return f"{milliseconds}ms"
    hours, rest = divmod(milliseconds // 1000, 3600)
    minutes, secs = divmod(rest, 60)
    text = "".join(f"{n}{u}" for n, u in ((hours, "h"), (minutes, "m"), (secs, "s")) if n)
    return text or "0s"


def _split(value: object, what: str, wanted: str) -> tuple[float, str]:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise QuantityError(f"{value!r} is no {what}", remedy=f"write {wanted}")
    if isinstance(value, int | float):
        return _not_negative(value, value, what), ""
    match = _NUMBER.fullmatch(value) if len(value) <= _LONGEST_TEXT else None
    if match is None:
        if value.startswith("-"):
            raise QuantityError(f"{what} {_shown(value)} is negative", remedy=f"write {wanted}")
        raise QuantityError(f"{_shown(value)} is no {what}", remedy=f"write {wanted}")
    return float(match[1]), match[2]


def _not_negative(number: float, value: object, what: str) -> float:
    if not math.isfinite(number):
        raise QuantityError(f"{what} {value!r} is not finite")
    if number < 0:
        raise QuantityError(f"{what} {value!r} is negative", remedy="use a number ≥ 0")
    return number


def _shown(value: str) -> str:
    return repr(value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + "…")
