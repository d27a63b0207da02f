"""CPU, memory and duration texts as Kubernetes and Compose users write them.

Decimal arithmetic throughout: what is read, printed and read again stays the same.
"""

import math
import re
from decimal import Decimal
from typing import Final

from orchestrator.model.errors import QuantityError
from orchestrator.model.text import LONGEST_QUOTE, quote

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
# In milliseconds, the finest step there is.
DURATION_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}

MAX_CPU_MILLICORES: Final = 10**9
MAX_MEMORY_BYTES: Final = 2**53
MAX_DURATION_S: Final = 366 * 24 * 3600

# As patterns for an editor. More digits than any machine needs; bounds the work on hostile input.
NUMBER_PATTERN: Final = r"[0-9]{1,16}(\.[0-9]{1,9})?"
CPU_PATTERN: Final = rf"{NUMBER_PATTERN}m?"
MEMORY_PATTERN: Final = rf"{NUMBER_PATTERN}([kKMGT]|[KMGT]i)?"
DURATION_PATTERN: Final = rf"({NUMBER_PATTERN}(ms|s|m|h)){{1,4}}"

_NUMBER = re.compile(r"([0-9]{1,16}(?:\.[0-9]{1,9})?)([A-Za-z]{0,6})", re.ASCII)
_DURATION_PART = re.compile(rf"({NUMBER_PATTERN})(ms|s|m|h)", re.ASCII)
_DURATION = re.compile(DURATION_PATTERN, re.ASCII)

_CPU_HINT: Final = 'write cores or millicores such as 0.5 or "250m"'
_MEMORY_HINT: Final = 'write a size such as "64Mi" or "1Gi"'
_DURATION_HINT: Final = 'write "500ms", "2s" or "1m30s"'


def parse_cpu(value: object) -> int:
    """Millicores of `2`, `0.5`, `"250m"`. Raises `QuantityError`."""
    number, unit = _split(value, "cpu", _CPU_HINT)
    if unit not in ("", "m"):
        raise QuantityError(f"unknown cpu unit {unit!r} in {quote(value)}", remedy=_CPU_HINT)
    millicores = number if unit == "m" else number * 1000
    if millicores > MAX_CPU_MILLICORES:
        raise QuantityError(f"cpu {quote(value)} is more than a million cores", remedy=_CPU_HINT)
    if millicores != int(millicores):
        raise QuantityError(
            f"cpu {quote(value)} is finer than 1m",
            remedy="the smallest step is 1m, a thousandth of a core",
        )
    return int(millicores)


def parse_memory(value: object) -> int:
    """Bytes of `"64Mi"`, `"1.5Gi"`, `"200M"`, `134217728`. Raises `QuantityError`."""
    number, unit = _split(value, "memory", _MEMORY_HINT)
    if unit not in MEMORY_UNITS:
        raise QuantityError(
            f"unknown memory unit {unit!r} in {quote(value)}",
            remedy="use Ki, Mi, Gi, Ti or k, M, G, T",
        )
    memory_bytes = math.ceil(number * MEMORY_UNITS[unit])
    if memory_bytes > MAX_MEMORY_BYTES:
        raise QuantityError(f"memory {quote(value)} is more than 8192Ti", remedy=_MEMORY_HINT)
    return memory_bytes


def parse_duration(value: object) -> float:
    """Seconds of `"500ms"`, `"2s"`, `"1m30s"`, `2`. Raises `QuantityError`."""
    if isinstance(value, str):
        milliseconds = _milliseconds(value)
    else:
        milliseconds = _plain_number(value, "duration", _DURATION_HINT) * 1000
    if milliseconds != int(milliseconds):
        raise QuantityError(
            f"duration {quote(value)} is finer than 1ms", remedy="the smallest step is 1ms"
        )
    if milliseconds > MAX_DURATION_S * 1000:
        raise QuantityError(
            f"duration {quote(value)} is more than a year", remedy="8784h is the most"
        )
    return int(milliseconds) / 1000


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


def _milliseconds(text: str) -> Decimal:
    if len(text) > LONGEST_QUOTE or not _DURATION.fullmatch(text):
        raise _unreadable(text, "duration", _DURATION_HINT)
    parts = _DURATION_PART.finditer(text)
    return sum((Decimal(part[1]) * DURATION_UNITS[part[3]] for part in parts), Decimal())


def _split(value: object, what: str, hint: str) -> tuple[Decimal, str]:
    if not isinstance(value, str):
        return _plain_number(value, what, hint), ""
    match = _NUMBER.fullmatch(value) if len(value) <= LONGEST_QUOTE else None
    if match is None:
        raise _unreadable(value, what, hint)
    return Decimal(match[1]), match[2]


def _plain_number(value: object, what: str, hint: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QuantityError(f"{quote(value)} is no {what}", remedy=hint)
    if isinstance(value, float) and not math.isfinite(value):
        raise QuantityError(f"{what} {quote(value)} is not finite", remedy=hint)
    if value < 0:
        raise QuantityError(f"{what} {quote(value)} is negative", remedy=hint)
    # The shortest decimal that reads back as this number is what its author wrote.
    return Decimal(value) if isinstance(value, int) else Decimal(float.__repr__(value))


def _unreadable(text: str, what: str, hint: str) -> QuantityError:
    if text.startswith("-"):
        return QuantityError(f"{what} {quote(text)} is negative", remedy=hint)
    return QuantityError(f"{quote(text)} is no {what}", remedy=hint)
