"""Foreign text in a message is short and inert."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.text import printable, quote
from tests.model.calm import calm


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", "'a'"),
        ("a" * 41, f"'{'a' * 40}…'"),
        ("\x1b[2J\r\n", "'\\x1b[2J\\r\\n'"),
        ("\u202egpj", "'\\u202egpj'"),
        (None, "nothing"),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (-0.5, "-0.5"),
        pytest.param(10**5000, "a number beyond all bounds", id="huge"),
        ([], "a list"),
        ((), "a list"),
        ({}, "a mapping"),
    ],
)
def test_quoted(value: object, shown: str) -> None:
    assert quote(value) == shown


@calm
@given(st.text())
def test_a_quote_is_printable_and_bounded(text: str) -> None:
    assert quote(text).isprintable()
    # An escape takes ten characters at most.
    assert len(quote(text)) <= 10 * 40 + 3


@pytest.mark.parametrize(
    ("path", "shown"), [("a/b c", "a/b c"), ("a\nb" + "c" * 50, "'a\\nb" + "c" * 50 + "'")]
)
def test_paths_stay_whole(path: str, shown: str) -> None:
    assert printable(path) == shown
