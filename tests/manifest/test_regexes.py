"""Every regular expression answers 100 KB of adversarial text at once."""

import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from orchestrator.manifest import loader, schema
from orchestrator.manifest import scalars as yaml_scalars
from orchestrator.model import names, quantity
from orchestrator.model.spec import ServiceSpec
from tests.support.cost import cpu_s

BOUND_S = 0.05
LENGTH = 100_000
ENDINGS = ["", "!", "\n", "\0"]
SEEDS = [
    "a",
    "0",
    "-",
    "1h",
    "1.1",
    "a-",
    "_",
    "/",
    "/a",
    "a.",
    "[",
    "(",
    "random(",
    " ",
    "é",
    "e+",
]


def compiled(module: ModuleType) -> Iterator[re.Pattern[str]]:
    return (value for value in vars(module).values() if isinstance(value, re.Pattern))


def in_schema(part: object) -> Iterator[re.Pattern[str]]:
    """Editors run these."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "pattern":
                yield re.compile(value)
            yield from in_schema(value)
    elif isinstance(part, list):
        for value in part:
            yield from in_schema(value)


PATTERNS = {
    pattern.pattern: pattern
    for found in (
        *map(compiled, (loader, yaml_scalars, names, quantity)),
        in_schema(schema()),
    )
    for pattern in found
}


def test_the_patterns_are_found() -> None:
    assert len(PATTERNS) > 15


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_linear(pattern: str) -> None:
    for seed in SEEDS:
        for ending in ENDINGS:
            text = (seed * LENGTH)[:LENGTH] + ending
            found = PATTERNS[pattern]
            took_s = cpu_s(lambda: (found.fullmatch(text), found.match(text)), BOUND_S)  # noqa: B023
            assert took_s < BOUND_S, (seed, ending)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("field", ["image", "env", "cpu", "path", "strategy", "label", "duration"])
def test_a_field_is_linear(field: str, seed: str) -> None:
    text = (seed * LENGTH)[:LENGTH] + "!"
    fields: dict[str, dict[str, object]] = {
        "image": {"image": text},
        "env": {"env": {text: "x"}},
        "cpu": {"resources": {"limits": {"cpu": text}}},
        "path": {"probes": {"liveness": {"path": text}}},
        "strategy": {"placement": {"strategy": text}},
        "label": {"placement": {"nodeSelector": {text: text}}},
        "duration": {"stopGracePeriod": text},
    }
    said = {"name": "a", "image": "a", "port": 1, **fields[field]}
    assert cpu_s(lambda: ServiceSpec.model_validate(said), BOUND_S, ValueError) < BOUND_S
    with pytest.raises(ValueError, match="validation error"):
        ServiceSpec.model_validate(said)
