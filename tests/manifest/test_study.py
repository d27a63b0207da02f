"""Study files: what they name is found, and each mistake is told with its place and remedy."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from orchestrator.manifest.study import load_study, study_schema
from orchestrator.model.errors import ManifestError

STUDIES = Path(__file__).parents[2] / "studies"
TRACE = "name,cpu_millicores,memory_mib,arrival,departure\na,100,64,0,60\nNo_Name,100,64,30,\n"
STUDY = """
kind: Study
name: small
duration: 10m
workload: {trace: {file: a.csv, speedUp: 2}}
cluster: [{count: 2, cpu: 1, memory: 1Gi}]
"""


def write(folder: Path, text: str) -> str:
    (folder / "a.csv").write_text(TRACE)
    (folder / "study.yaml").write_text(text)
    return str(folder / "study.yaml")


def test_a_trace_has_its_times_in_the_studys_and_names_that_services_can_have(
    tmp_path: Path,
) -> None:
    study = load_study(write(tmp_path, STUDY))
    assert [(row.name, row.arrival, row.departure) for row in study.rows] == [
        ("a", 0.0, 30.0),
        ("row-2", 15.0, None),
    ]
    assert [node.name for node in study.nodes] == ["node-1", "node-2"]


def test_a_cluster_takes_the_place_of_the_manifests_nodes(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(
        "kind: Service\nname: web\nimage: a\n---\n"
        "kind: Node\nname: mine\ncapacity: {cpu: 1, memory: 1Gi}\n"
    )
    text = STUDY.replace("{trace: {file: a.csv, speedUp: 2}}", "{manifests: m.yaml}")
    with_cluster = load_study(write(tmp_path, text))
    assert [node.name for node in with_cluster.nodes] == ["node-1", "node-2"]
    own = load_study(write(tmp_path, text.replace("cluster:", "# cluster:")))
    assert [node.name for node in own.nodes] == ["mine"]
    assert [service.name for service in own.services] == ["web"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("kind: Study", "kind: Service"), "study.yaml:2:7: kind: is no study (write kind: Study"),
        (("duration: 10m", "duration: soon"), ":4:11: duration: 'soon' is no duration"),
        (("duration: 10m", "durations: 10m"), "unknown field 'durations' (did you mean 'durat"),
        (("{file: a.csv, speedUp: 2}", "{file: b.csv}"), "b.csv"),
        (("{trace: {file: a.csv, speedUp: 2}}", "{}"), "expected manifests or a trace (give one"),
        (("cluster:", "# "), "cluster: is missing: a trace has no nodes"),
        (("count: 2", "count: 0"), "cluster[0].count: found 0, expected at least 1"),
        (("cluster:", "strategies: [best]\ncluster:"), "strategies[0]: found 'best', expected bin"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    assert told in refusal(tmp_path, STUDY.replace(*change))


@pytest.mark.parametrize(
    ("happening", "told"),
    [
        ("{at: 1m, do: explode}", "happenings[0].do: found 'explode'"),
        ("{at: 1m, do: drain}", "happenings[0].node: is missing: drain needs it (add node: …)"),
        ("{at: 1m, do: scale, service: a}", "happenings[0].replicas: is missing: scale needs it"),
        ("{at: 1m, do: drain, node: n9}", "there is no node 'n9' (there are: node-1, node-2)"),
        ("{at: 1m, do: kill, service: x}", "there is no service 'x' (there are: a, row-2)"),
        (
            "{at: 1m, do: kill, service: a}",
            "happenings[0].service: service 'a' is not there at that",
        ),
        ("{at: 2h, do: engineDown}", "duration: is over after 600 s, before the last happening"),
    ],
)
def test_what_cannot_happen_is_refused(tmp_path: Path, happening: str, told: str) -> None:
    assert told in refusal(tmp_path, STUDY + f"happenings: [{happening}]\n")


def refusal(folder: Path, text: str) -> str:
    """All that is told of a study."""
    try:
        load_study(write(folder, text))
    except ManifestError as error:
        return "\n".join(map(str, error.problems))
    except OSError as error:
        return str(error)
    raise AssertionError("it was not refused")


@pytest.mark.parametrize("file", sorted(STUDIES.glob("*.yaml")), ids=lambda file: file.name)
def test_the_examples_are_studies_and_meet_the_schema(file: Path) -> None:
    study = load_study(str(file))
    assert study.services or study.rows
    jsonschema.Draft202012Validator(study_schema()).validate(yaml.safe_load(file.read_text()))


def test_the_schema_refuses_what_the_model_refuses() -> None:
    validator = jsonschema.Draft202012Validator(study_schema())
    assert not validator.is_valid({"kind": "Study", "name": "x", "duration": "1h"})
    assert not validator.is_valid(yaml.safe_load(STUDY) | {"durations": 1})
    assert validator.is_valid(yaml.safe_load(STUDY))
