"""What a YAML parser's complaint means to the author of the file."""

from typing import Final

from orchestrator.model.text import quote

# The parser's words (libyaml's and PyYAML's alike) → what was found, and the remedy.
_SAYINGS: Final = (
    (
        "cannot start any token",
        "found a character that cannot begin a value",
        "indent with spaces, not tabs, and quote texts that begin with @ ` or %",
    ),
    (
        "mapping values are not allowed",
        "found a colon where no key can stand",
        "check the indentation, and quote texts that contain ': '",
    ),
    (
        "could not find expected ':'",
        "found a key without a colon",
        "write key: value",
    ),
    (
        "expected ',' or",
        "found a [ or { that is not closed",
        "close it, and separate its items by commas",
    ),
    (
        "expected key",
        "found a line whose indentation fits none above it",
        "align the keys of one mapping",
    ),
    (
        "expected '-' indicator",
        "found a line whose indentation fits none above it",
        "align the dashes of one list",
    ),
    (
        "expected <block end>",
        "found a line whose indentation fits none above it",
        "align the keys of one mapping and the dashes of one list",
    ),
    (
        "end of stream",
        "found the end of the file inside a quoted text",
        "close the quotes",
    ),
    (
        "expected the node content",
        "found no value where one is expected",
        "write a value, and quote texts that begin with , [ ] { or }",
    ),
    (
        "<document start>",
        "found more text after the end of a document",
        "separate documents by a line with ---",
    ),
)


def explain(error: Exception) -> tuple[str, str]:
    """(message, remedy) for an error of the YAML parser."""
    problem = str(getattr(error, "problem", None) or "unreadable")
    for words, found, remedy in _SAYINGS:
        if words in problem:
            return f"is no valid YAML: {found}", remedy
    return f"is no valid YAML: {quote(problem)[1:-1]}", "see yaml.org for the syntax"
