"""What YAML means here, and the caps within which it is read."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.manifest import compose, from_text
from orchestrator.manifest.document import Document, Mark
from orchestrator.manifest.loader import load_documents
from orchestrator.model.errors import ManifestError, Problem
from tests.model.calm import calm
from tests.support.cost import cpu_s

HERE = Path(__file__).parent


def documents(text: str | bytes) -> tuple[list[Document], list[Problem]]:
    return load_documents(text.encode() if isinstance(text, str) else text, "m", HERE)


def one(text: str) -> Document:
    (document,), problems = documents(text)
    assert problems == []
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-0", 0),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("0777", "0777"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("9" * 19, "9" * 19),
        ("'1'", "1"),
        ('"\\x41"', "A"),
        ("! 1", "1"),
        ("!!str 1", "1"),
        ("!!int '1'", 1),
        ("!!float 1", 1),
        ("!!bool true", True),
        ("!!null ''", None),
        ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}),
        ("! [1]", [1]),
    ],
)
def test_a_scalar_means_what_it_shows(text: str, value: object) -> None:
    data = one(f"a: {text}\n").data
    assert data == {"a": value}
    assert isinstance(data, dict)
    assert isinstance(data["a"], type(value))


def test_a_number_keeps_its_spelling_as_a_text(tmp_path: Path) -> None:
    text = b"kind: Service\nname: a\nimage: a\nenv: {A: 1.10, B: 1e3, C: 7, D: true, E: 007}\n"
    (service,) = from_text(text, name="m", base=tmp_path).services
    assert service.env == {"A": "1.10", "B": "1e3", "C": "7", "D": "true", "E": "007"}


def test_places_of_values_and_keys() -> None:
    document = one("a: 1\nb:\n  - c: [x, 'y']\n  - &z d\ne: *z\n")
    assert document.data == {"a": 1, "b": [{"c": ["x", "y"]}, "d"], "e": "d"}
    assert document.values == {
        (): Mark(1, 1),
        ("a",): Mark(1, 4),
        ("b",): Mark(3, 3),
        ("b", 0): Mark(3, 5),
        ("b", 0, "c"): Mark(3, 8),
        ("b", 0, "c", 0): Mark(3, 9),
        ("b", 0, "c", 1): Mark(3, 12),
        ("b", 1): Mark(4, 5),
        ("e",): Mark(5, 4),
    }
    assert document.keys == {
        ("a",): Mark(1, 1),
        ("b",): Mark(2, 1),
        ("b", 0, "c"): Mark(3, 5),
        ("e",): Mark(5, 1),
    }


def test_merged_keys_yield_to_written_ones_and_earlier_to_later_sources() -> None:
    text = "- &a {x: 1, y: 1}\n- &b {y: 2, z: 2}\n- <<: [*a, *b]\n  x: 0\n- {<<: *b}\n- {'<<': 1}\n"
    assert one(text).data == [
        {"x": 1, "y": 1},
        {"y": 2, "z": 2},
        {"x": 0, "y": 1, "z": 2},
        {"y": 2, "z": 2},
        {"<<": 1},
    ]


def test_a_byte_order_mark_is_skipped() -> None:
    (document,), _ = documents("\ufeffkind: Node\n".encode())
    assert document.data == {"kind": "Node"}


def test_empty_documents_are_skipped() -> None:
    found, problems = documents("---\n---\na: 1\n---\n# nothing\n")
    assert [document.data for document in found] == [{"a": 1}]
    assert problems == []


def test_what_stands_before_a_mistake_is_still_read() -> None:
    found, problems = documents("a: 1\n---\nb: [1\n")
    assert [document.data for document in found] == [{"a": 1}]
    assert [problem.line for problem in problems] == [3]


def test_a_key_that_is_no_text_is_still_a_place() -> None:
    _, problems = documents("? [a]\n: 1\n? [b]\n: 2\n")
    assert [str(problem) for problem in problems] == [
        "m:1:3: found a list as a key, expected a text (put it in quotes)",
        "m:3:3: found a list as a key, expected a text (put it in quotes)",
        "m:3:3: 'a list': the key 'a list' is given twice, first in line 1 (keep one of them)",
    ]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + above] * 9)}]\n"
    for above, name in zip("abcdefgh", "bcdefghi", strict=True)
)
DEEP_ALIASES = "a0: &a0 []\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))

CAPS = {
    "alias bomb": (BOMB, "m:5:11: e[1]: more than 20,000 values in one file"),
    "nesting": ("[" * 10**5, "m:1:51: [0]: is nested deeper than 50 levels"),
    "mappings": ("{a: " * 10**5, "m:1:198: a: is nested deeper than 50 levels"),
    "nesting by aliases": (DEEP_ALIASES, "m:50:12: a49: is nested deeper than 50 levels"),
    "many values": ("- 1\n" * 30_000, "m:20000:3: [19999]: more than 20,000 values in one file"),
    "many documents": ("---\n" * 30_000, "m:20002:1: more than 20,000 values in one file"),
}


@pytest.mark.parametrize("case", CAPS)
@pytest.mark.parametrize("parser", [compose._PARSER, yaml.SafeLoader])
def test_a_cap_is_met_before_it_costs_anything(
    case: str, parser: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "_PARSER", parser)
    text, expected = CAPS[case]
    _, problems = documents(text)
    assert [str(problem)[: len(expected)] for problem in problems] == [expected]


def test_the_alias_bomb_ends_at_once() -> None:
    assert cpu_s(lambda: documents(BOMB), 0.1) < 0.1


def test_as_many_values_as_allowed_are_read() -> None:
    # The list itself is one.
    assert len(str(one("- 1\n" * (compose.MAX_NODES - 1)).data)) > compose.MAX_NODES


GARBAGE = {
    "one letter": b"a" * 10**6,
    "words": b"a b " * 250_000,
    "equal keys": b"a: b\n" * 200_000,
    "different keys": b"".join(b"k%d: v\n" % number for number in range(90_000)),
    "dashes": b"- " * 500_000,
    "quotes": b'"' * 10**6,
    "stars": b"*a " * 300_000,
    "bangs": b"!" * 10**6,
    "tabs": b"\t" * 10**6,
    "blanks": b" " * 10**6,
    "percents": b"%" * 10**6,
    "zeros": b"\0" * 10**6,
    "bytes": bytes(range(256)) * 4000,
    "a long key": b'kind: Node\n? "' + b"capacity" * 10**5 + b'" \n: 1\n',
    "a long name": b"kind: Service\nname: " + b"a" * 10**6,
    "a long number": b"kind: Service\nname: a\nreplicas: " + b"9" * 10**6,
    "a long quantity": b"kind: Node\nname: a\ncapacity: {memory: 1, cpu: " + b"9" * 10**6 + b"}",
    "unknown fields": b"kind: Service\n" + b"".join(b"k%d: v\n" % n for n in range(9_000)),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_a_megabyte_of_garbage_is_refused_fast_and_briefly(case: str) -> None:
    assert cpu_s(lambda: from_text(GARBAGE[case], name="m", base=HERE), 2, ManifestError) < 2
    with pytest.raises(ManifestError) as error:
        from_text(GARBAGE[case], name="m", base=HERE)
    assert all(len(str(problem)) < 400 for problem in error.value.problems)
    assert len(error.value.problems) <= 51


YAML_LIKE = st.text(
    alphabet=st.sampled_from("ab:-[]{},&*!|>'\"#%@`?~<\n\t\r \\10.é\x00\x85\u2028\ud7ff"),
    max_size=200,
)
# Cut where the pieces of a manifest meet.
PIECES = [
    "kind: Service\n",
    "kind: Node\n",
    "name: a\n",
    "image: x\n",
    "build: .\n",
    "---\n",
    "capacity: ",
    "{cpu: 1}\n",
    "probes: ",
    "{readiness: ",
    "tcp: true}\n",
    "- a\n",
    "proxy: {listen: 1}\n",
    "env: {A: 1}\n",
    "&a ",
    "*a\n",
    "<<: ",
    "!!int ",
    "process:\n",
    "  workdir: x\n",
    "restart: never\n",
    "? ",
    "[",
    "}",
    "placement: {strategy: spread}\n",
]
MANIFEST_LIKE = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@calm
@given(st.one_of(st.binary(max_size=300), YAML_LIKE.map(str.encode), MANIFEST_LIKE.map(str.encode)))
def test_no_bytes_raise_anything_but_a_manifest_error(content: bytes) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        from_text(content, name="m", base=HERE)
    except ManifestError as error:
        problems = error.problems
    assert all(str(problem).isprintable() for problem in problems)


@calm
@given(YAML_LIKE)
def test_both_parsers_read_the_same(text: str) -> None:
    """Where both can read it: they differ in what they refuse, not in what they understand."""
    read = []
    for parser in (compose._PARSER, yaml.SafeLoader):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compose, "_PARSER", parser)
            read.append(documents(text))
    (first, first_problems), (second, second_problems) = read
    if not first_problems and not second_problems:
        assert [document.data for document in first] == [document.data for document in second]
