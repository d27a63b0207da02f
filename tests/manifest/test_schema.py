"""The JSON Schema: what an editor is told agrees with what is accepted."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from orchestrator.manifest import from_text, schema
from orchestrator.model.errors import ManifestError
from tests.manifest.mistakes import FIELDS
from tests.manifest.test_load import EXAMPLE

MANIFESTS = Path(__file__).parents[2] / "manifests"
SHIPPED = sorted(MANIFESTS.rglob("*.yaml"))
VALIDATOR = Draft202012Validator(schema())

# Rules that no schema can tell: they compare fields, or the value of a text.
BEYOND_A_SCHEMA = {
    # Python's `$` also matches before a last newline, an editor's does not.
    "newline in a name",
    "nothing to run",
    "TLS of what is passed on",
    "a certificate for somebody else's name",
    "a queue of connections",
    "port missing for the proxy",
    "port missing for a probe",
    "NUL in a variable",
    "framing header set",
    "own header removed",
    "header set twice",
    "header rules for tcp",
    "redirect into itself",
    "redirect twice",
    "no probe",
    "two probes",
    "probe period of zero",
    "no capacity at all",
    "limit below request",
    "no prefix to strip",
    "hosts of connections",
    "limit of zero",
    "a resource misspelt",
    "a request misspelt",
    "toleration of nothing",
    "toleration of any value with a value",
    "affinity without values",
    "affinity with too many values",
    "affinity above no number",
}


def complaints(document: object) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def service(**fields: Any) -> dict[str, Any]:
    return {"kind": "Service", "name": "web", "image": "app:1", **fields}


def test_it_is_a_schema_of_the_dialect_it_names() -> None:
    Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_shipped_manifests_are_valid(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        assert complaints(document) == []


def test_the_example_is_valid() -> None:
    assert [complaints(document) for document in yaml.safe_load_all(EXAMPLE)] == [[], []]


@pytest.mark.parametrize("case", sorted(FIELDS.keys() - BEYOND_A_SCHEMA))
def test_mistakes_in_fields_are_shown_by_an_editor_too(case: str) -> None:
    text, _ = FIELDS[case]
    assert complaints(yaml.safe_load(text)) != []


@pytest.mark.parametrize(
    "document",
    [
        service(build="../app"),
        service(build={"context": "../app", "args": {"BASE": "x", "N": 1}}),
        service(restart="on-failure"),
        service(restart={"policy": "never"}),
        service(env={"A": "x", "B": 1, "C": 1.5, "D": True}),
        service(resources={"limits": {"cpu": 0.5, "memory": 2**20}}),
        service(stopGracePeriod="1m30s"),
        service(stopGracePeriod=3),
        service(proxy=None),
    ],
    ids=str,
)
def test_every_short_form_is_known_to_both(document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").touch()
    (tmp_path / "manifests").mkdir()
    assert complaints(document) == []
    from_text(yaml.safe_dump(document).encode(), name="m", base=tmp_path / "manifests")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"name": "web", "image": "app:1"},
        {"kind": "Pod", "name": "a"},
        service(env={"A": None}),
        service(env={"A-B": "x"}),
        service(pull="always"),
        service(port="80"),
        service(security={"capAdd": ["net admin"]}),
        {"kind": "Node", "name": "a", "capacity": {"cpu": "1c", "memory": "1Gi"}},
        {"kind": "Node", "name": "a", "capacity": {"cpu": 1, "memory": "1GB"}},
        {"kind": "Node", "name": "a", "capacity": {"cpu": 1, "memory": 1}, "labels": {"a": "b c"}},
    ],
    ids=str,
)
def test_what_the_schema_refuses_is_refused(document: dict[str, Any], tmp_path: Path) -> None:
    assert complaints(document) != []
    with pytest.raises(ManifestError):
        from_text(yaml.safe_dump(document).encode(), name="m", base=tmp_path)


def parts() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (model, name, part)
        for model, definition in schema()["$defs"].items()
        for name, part in definition["properties"].items()
    ]


def test_every_part_says_what_it_is() -> None:
    silent = [name for name, part in schema()["$defs"].items() if not part.get("description")]
    assert silent == []


def test_titles_are_the_manifests_own_words() -> None:
    titles = {part["title"] for _, name, part in parts() if part.get("title", name) != name}
    assert titles == set()
    assert schema()["$defs"]["ServiceSpec"]["title"] == "Service"
