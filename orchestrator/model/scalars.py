"""The types of single manifest values: what each holds, and the sentence when it does not."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import core_schema

from orchestrator.model.errors import Fault, SpecError
from orchestrator.model.names import (
    ENV_NAME_PATTERN,
    NAME_PATTERN,
    NAME_RULE,
    is_name,
)
from orchestrator.model.quantity import (
    CPU_PATTERN,
    DURATION_PATTERN,
    MEMORY_PATTERN,
    format_cpu,
    format_duration,
    format_memory,
    parse_cpu,
    parse_duration,
    parse_memory,
)
from orchestrator.model.text import quote

MAX_REPLICAS: Final = 100_000


class Matching:
    """A text of one form. `expected` completes the sentence "found …, expected …"."""

    def __init__(self, pattern: str, expected: str) -> None:
        self._pattern = pattern
        self._expected = expected
        self._matches: Callable[[str], object] = re.compile(pattern, re.ASCII).fullmatch

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"pattern": f"^{self._pattern}$"}

    def _check(self, text: str) -> str:
        if not self._matches(text):
            raise SpecError(Fault(f"found {quote(text)}, expected {self._expected}"))
        return text


def _checked_name(text: str) -> str:
    if not is_name(text):
        raise SpecError(Fault(f"{quote(text)} is no valid name", f"use {NAME_RULE}"))
    return text


def _plain_text(text: str) -> str:
    if "\0" in text:
        raise SpecError(Fault(f"{quote(text)} contains a NUL byte", "remove it"))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SpecError(Fault(f"{quote(text)} contains half a character", "remove it")) from None
    return text


def header_text(value: object) -> object:
    """A number or a truth value as text: YAML reads `1` and `true` so."""
    return _env_text(value)


def _env_text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _quantity(pattern: str, description: str) -> WithJsonSchema:
    kinds = [{"type": "number", "minimum": 0}, {"type": "string", "pattern": f"^{pattern}$"}]
    return WithJsonSchema({"anyOf": kinds, "description": description})


Name = Annotated[
    str,
    AfterValidator(_checked_name),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{NAME_PATTERN}$",
            "maxLength": 63,
            "description": f"A name: {NAME_RULE}.",
        }
    ),
]
Text = Annotated[str, AfterValidator(_plain_text)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Count = Annotated[int, Field(strict=True)]
Priority = Annotated[int, Field(strict=True, ge=-(10**9), le=10**9)]
Units = Annotated[int, Field(strict=True, ge=0, le=10**9)]
Cpu = Annotated[
    int,
    BeforeValidator(parse_cpu),
    PlainSerializer(format_cpu, return_type=str),
    _quantity(CPU_PATTERN, 'Cores or millicores: 2, 0.5, "250m".'),
]
Memory = Annotated[
    int,
    BeforeValidator(parse_memory),
    PlainSerializer(format_memory, return_type=str),
    _quantity(MEMORY_PATTERN, 'Bytes with a unit: "64Mi", "1Gi", "200M".'),
]
Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    _quantity(DURATION_PATTERN, 'Seconds, or a text such as "500ms", "2s", "1m30s".'),
]

Image = Annotated[
    str, Matching(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}", 'an image name such as "nginx:1.27"')
]
HttpPath = Annotated[
    str,
    Matching(r"/[!-~]{0,1023}", "a path that starts with / and has no spaces, such as /healthz"),
]
_STEP: Final = r"(spread\([A-Za-z0-9][A-Za-z0-9._/-]{0,251}\)|binpack\((cpu|memory)\))"


def _chain_as_text(value: object) -> object:
    if isinstance(value, list | tuple) and all(isinstance(step, str) for step in value):
        return ", ".join(value)
    return value


_STRATEGY: Final = (
    r"(binpack|nomad|least-allocated|spread|first-fit|random(\([0-9]{1,18}\))?"
    rf"|{_STEP}(, {_STEP}){{0,9}})"
)
_Step = Annotated[str, Field(pattern=f"^{_STEP}$")]
_Word = Annotated[str, Field(pattern=f"^{_STRATEGY}$")]
Strategy = Annotated[
    str,
    Matching(
        _STRATEGY,
        "binpack, nomad, least-allocated, spread, first-fit, random or random(7), or steps such as"
        " [spread(zone), binpack(memory)]",
    ),
    BeforeValidator(_chain_as_text, json_schema_input_type=_Word | list[_Step]),
]
Capability = Annotated[str, Matching(r"[A-Z_]{1,40}", "a capability such as NET_BIND_SERVICE")]
MountPath = Annotated[
    str, Matching(r"/[A-Za-z0-9_./-]{1,200}", "an absolute path such as /var/cache")
]
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HostName = Annotated[
    str,
    Matching(
        rf"(?=.{{1,253}}$)(\*\.)?{_LABEL}(\.{_LABEL})*",
        'a host name such as shop.localhost, or "*.shop.localhost" for all below it',
    ),
    AfterValidator(str.lower),
]
PathPrefix = Annotated[
    str,
    Matching(
        r"(/|(/[A-Za-z0-9._~!$&'()*+,;=:@%-]{1,200}){1,20}/?)",
        "a path that starts with / and has no empty part, such as /api",
    ),
    AfterValidator(lambda path: path.rstrip("/") or "/"),
]
CookieName = Annotated[
    str, Matching(r"[A-Za-z0-9_.-]{1,64}", "a cookie's name: letters, digits and '-._'")
]
HashKey = Annotated[
    str,
    Matching(
        r"(source|header:[A-Za-z0-9-]{1,64}|cookie:[A-Za-z0-9_.-]{1,64})",
        "source, header:NAME or cookie:NAME",
    ),
]
Revision = Annotated[
    str, Matching(r"[0-9a-f]{10}", 'a revision in quotes, as "orch ps -o wide" shows it')
]
User = Annotated[str, Matching(r"[a-z0-9_.:-]{1,64}", 'a user or user:group such as "1000:1000"')]

# As Kubernetes' labels: they are shown, compared and put on containers.
_LABEL_KEY_RULE: Final = "letters, digits and '-._/', alphanumeric at both ends"
LabelKey = Annotated[
    str, Matching(r"[A-Za-z0-9]([A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?", _LABEL_KEY_RULE)
]
LabelValue = Annotated[
    str,
    Matching(
        r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?",
        "at most 63 letters, digits and '-._', alphanumeric at both ends",
    ),
]
Labels = dict[LabelKey, LabelValue]


def _no_misspelling(name: str) -> str:
    near = get_close_matches(name.lower(), ("cpu", "memory"), 1, 0.75)
    if near:
        raise SpecError(Fault(f"unknown field {quote(name)}", f"did you mean {near[0]!r}?"))
    return name


ResourceName = Annotated[LabelKey, AfterValidator(_no_misspelling)]
TopologyKey = Annotated[LabelKey, AfterValidator(lambda key: WELL_KNOWN_KEYS.get(key, key))]
WELL_KNOWN_KEYS: Final = {
    "kubernetes.io/hostname": "node",
    "topology.kubernetes.io/zone": "zone",
}
"""As Kubernetes writes what is called `node` and `zone` here."""

EnvName = Annotated[
    str,
    Matching(ENV_NAME_PATTERN, "letters, digits and '_', not a digit first"),
]
EnvValue = Annotated[Text, BeforeValidator(_env_text, json_schema_input_type=str | float | bool)]
Env = dict[EnvName, EnvValue]
