"""Every mistake in a manifest, and the exact words its author reads."""

from pathlib import Path

import pytest
import yaml
from pydantic_core import ErrorDetails

from orchestrator.manifest import compose, from_text
from orchestrator.manifest.messages import faults_of
from orchestrator.model.errors import ManifestError
from tests.manifest.mistakes import NODE, SERVICE, TABLE


def problems_of(text: str | bytes, base: Path) -> str:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(ManifestError) as error:
        from_text(content, name="m", base=base)
    assert len(error.value.problems) == 1, str(error.value)
    return str(error.value)


@pytest.mark.parametrize("case", TABLE)
def test_each_mistake_is_named_with_its_place_and_remedy(case: str, folder: Path) -> None:
    text, expected = TABLE[case]
    assert problems_of(text, folder) == expected.replace("{base}", str(folder))


@pytest.mark.parametrize("case", TABLE)
def test_the_parser_without_libyaml_says_the_same(
    case: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "_PARSER", yaml.SafeLoader)
    text, expected = TABLE[case]
    assert problems_of(text, folder) == expected.replace("{base}", str(folder))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"kind: Node\n\tname: a\n", "m:2:1: is no valid YAML: found a tab"),
        (b'a: "\\q"\n', "m:1:5: is no valid YAML: found an unknown \\ escape in a text"),
        (b'a: "\\UFFFFFFFF"\n', "m:1:7: is no valid YAML: found an unknown \\ escape in a text"),
        (b"%YAML 3.0\n---\na: b", "m:1:1: is no valid YAML: found incompatible YAML document"),
    ],
)
@pytest.mark.skipif(not yaml.__with_libyaml__, reason="the words are libyaml's")
def test_the_words_of_libyaml_are_explained(text: bytes, found: str, folder: Path) -> None:
    assert problems_of(text, folder).startswith(found)


def test_without_libyaml_an_escape_beyond_unicode_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "_PARSER", yaml.SafeLoader)
    message = problems_of('a: "\\UFFFFFFFF"', folder)
    assert message == "m: is no valid YAML: it cannot be read (see yaml.org for the syntax)"


def test_without_libyaml_half_a_character_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "_PARSER", yaml.SafeLoader)
    message = problems_of(SERVICE + 'command: ["\\ud800"]\n', folder)
    assert message == "m:4:11: command[0]: '\\ud800' contains half a character (remove it)"


def test_an_error_that_pydantic_may_learn_is_passed_on() -> None:
    error = ErrorDetails(type="new", loc=("a",), msg="Something new", input="\x1b")
    (fault,) = faults_of(error)
    assert str(fault) == "found '\\x1b': Something new (see `orch schema`)"


def test_all_problems_are_reported_at_once_in_the_order_of_lines(folder: Path) -> None:
    text = (
        b"kind: Service\nname: Web\nreplica: 1\nport: 0\nresources: {limits: {cpu: x, memory: y}}\n"
        b"---\nkind: Node\nname: n\n---\nkind: Nod\n"
    )
    with pytest.raises(ManifestError) as error:
        from_text(text, name="m", base=folder)
    places = [(problem.line, problem.field) for problem in error.value.problems]
    assert places == [
        (2, "name"),
        (3, "replica"),
        (4, "port"),
        (5, "resources.limits.cpu"),
        (5, "resources.limits.memory"),
        (7, "capacity"),
        (10, "kind"),
    ]


def test_both_limits_below_their_requests_are_reported(folder: Path) -> None:
    text = SERVICE + "resources: {requests: {cpu: 2, memory: 2Gi}, limits: {cpu: 1, memory: 1Gi}}"
    with pytest.raises(ManifestError) as error:
        from_text(text.encode(), name="m", base=folder)
    fields = [problem.field for problem in error.value.problems]
    assert fields == ["resources.limits.cpu", "resources.limits.memory"]


def test_beyond_fifty_problems_the_rest_is_counted(folder: Path) -> None:
    text = SERVICE + "".join(f"k{number}: 1\n" for number in range(80))
    with pytest.raises(ManifestError) as error:
        from_text(text.encode(), name="m", base=folder)
    assert len(error.value.problems) == 51
    assert str(error.value.problems[-1]) == "m: 30 more problems (mend those above first)"


def test_reading_ends_at_fifty_duplicate_keys(folder: Path) -> None:
    with pytest.raises(ManifestError) as error:
        from_text(b"a: 1\n" * 80, name="m", base=folder)
    assert len(error.value.problems) == 50


def test_a_broken_node_does_not_make_selectors_unknown(folder: Path) -> None:
    text = SERVICE + "placement: {nodeSelector: {disk: ssd}}\n---\n" + NODE
    text += "---\nkind: Node\nname: n2\nlabels: {disk: ssd}\n"
    assert problems_of(text, folder) == "m:10:1: capacity: is missing (add capacity: …)"


def test_without_nodes_any_selector_is_taken(folder: Path) -> None:
    text = SERVICE + "placement: {nodeSelector: {disk: ssd}}\n"
    loaded = from_text(text.encode(), name="m", base=folder)
    assert loaded.services[0].placement.node_selector == {"disk": "ssd"}


def test_a_request_beyond_every_node_is_no_mistake(folder: Path) -> None:
    text = SERVICE + "resources: {requests: {cpu: 64}}\n---\n" + NODE
    assert len(from_text(text.encode(), name="m", base=folder).nodes) == 1


def test_different_addresses_may_share_a_port(folder: Path) -> None:
    text = SERVICE + "port: 1\nproxy: {listen: 80}\n---\nkind: Service\nname: b\nimage: a\n"
    text += "port: 1\nproxy: {listen: 80, host: '::1'}\n"
    assert len(from_text(text.encode(), name="m", base=folder).services) == 2
