"""What a YAML parser's complaint means to the author of the file."""

from dataclasses import dataclass
from typing import Any, Final

from orchestrator.manifest.document import Mark
from orchestrator.model.text import quote


@dataclass(frozen=True, slots=True)
class Saying:
    """`words` of the parser (libyaml's and PyYAML's alike), and what they mean. `at_start`: the
    mistake is where the thing being read began, not where reading failed."""

    words: str
    found: str
    remedy: str
    at_start: bool = False


_TABS: Final = "indent with spaces, not tabs, and quote texts that begin with @ ` or %"
_INDENTATION: Final = "found a line that fits no indentation above it, or text after a value"
_ALIGN: Final = "align what belongs together, and quote a text as a whole"
_SAYINGS: Final = (
    Saying("cannot start any token", "found a character that cannot begin a value", _TABS),
    Saying("tab character", "found a tab", _TABS),
    Saying(
        "mapping values are not allowed",
        "found a colon where no key can stand",
        "check the indentation, and quote texts that contain ': '",
    ),
    Saying("expected ':'", "found a key without a colon", "write key: value", at_start=True),
    Saying(
        "expected ',' or",
        "found a [ or { that is not closed",
        "close it, and separate its items by commas",
        at_start=True,
    ),
    Saying("end of stream", "found quotes that are not closed", "close them", at_start=True),
    Saying("expected key", _INDENTATION, _ALIGN),
    Saying("expected '-' indicator", _INDENTATION, _ALIGN),
    Saying("expected <block end>", _INDENTATION, _ALIGN),
    Saying(
        "expected the node content",
        "found no value where one is expected",
        "quote texts that begin with , ] or }",
    ),
    Saying(
        "expected node content",
        "found no value where one is expected",
        "quote texts that begin with , ] or }",
    ),
    Saying(
        "alphabetic or numeric character",
        "found & or * without a name",
        "quote texts that begin with & or *",
    ),
    Saying("escape", "found an unknown \\ escape in a text", "use single quotes, or write \\\\"),
    Saying("tag handle", "found an unknown tag", "quote texts that begin with !"),
)


def explain(error: Exception) -> tuple[Mark, str, str]:
    """(place, message, remedy) for an error of the YAML parser."""
    problem = str(getattr(error, "problem", None) or "it cannot be read")
    unknown = Saying("", quote(problem)[1:-1], "see yaml.org for the syntax")
    saying = next((saying for saying in _SAYINGS if saying.words in problem), unknown)
    failed, start = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    mark: Any = (start if saying.at_start else failed) or failed or start
    place = Mark(mark.line + 1, mark.column + 1) if mark else Mark(0, 0)
    return place, f"is no valid YAML: {saying.found}", saying.remedy
