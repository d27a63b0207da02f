"""What pydantic found wrong with a value, in words that name what was found and expected."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Final

from pydantic_core import ErrorDetails

from orchestrator.model.errors import Fault, SpecError
from orchestrator.model.text import LONGEST_QUOTE, quote

Context = dict[str, Any]


def faults_of(error: ErrorDetails) -> tuple[Fault, ...]:
    """The faults behind one validation error, each relative to the error's own place."""
    context = error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, SpecError):
        return cause.faults
    value = error["input"]
    if error["type"] == "too_short" and value:
        # pydantic counts only the good items; the bad ones have problems of their own.
        return ()
    explained = _EXPLAINED.get(error["type"])
    if explained is None:
        return (Fault(f"found {quote(value)}: {error['msg']}", "see `orch schema`"),)
    expected, remedy = explained(value, context)
    return (Fault(f"found {quote(value)}, expected {expected}", remedy),)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`did you mean 'replicas'?`, or all that is known where nothing comes close."""
    names = sorted(known)
    by_lower = {name.lower(): name for name in names}
    # Comparing is quadratic in the length, and no known word is longer.
    matches = get_close_matches(word.lower(), by_lower, n=1) if len(word) <= LONGEST_QUOTE else []
    if matches:
        return f"did you mean {by_lower[matches[0]]!r}?"
    return "known here: " + ", ".join(quote(name)[1:-1] for name in names[:20])


def _text(value: object, _: Context) -> tuple[str, str]:
    if isinstance(value, bool | int | float):
        return "a text", f'put it in quotes: "{quote(value)}"'
    return "a text", "write a text, or leave the field out"


def _whole_number(value: object, _: Context) -> tuple[str, str]:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return "a whole number", "remove the quotes"
    return "a whole number", "write digits only"


def _list(value: object, _: Context) -> tuple[str, str]:
    words = value.split() if isinstance(value, str) and len(value) <= LONGEST_QUOTE else []
    plain = [word for word in words if word.isascii() and word.replace("-", "").isalnum()]
    example = plain if words and plain == words else ["first", "second"]
    return "a list", f"write [{', '.join(example)}]"


def _one_of(value: object, context: Context) -> tuple[str, str]:
    expected = str(context["expected"])
    words = expected.replace(" or ", ", ").replace("'", "").split(", ")
    return expected, suggestion(str(value), words) if isinstance(
        value, str
    ) else "write one of them"


def _bound(words: str, key: str) -> Callable[[object, Context], tuple[str, str]]:
    def explain(_: object, context: Context) -> tuple[str, str]:
        bound = f"{context[key]:g}" if context[key] < 10**5 else f"{context[key]}"
        return f"{words} {bound}", f"write a number {words} {bound}"

    return explain


def _fixed(expected: str, remedy: str) -> Callable[[object, Context], tuple[str, str]]:
    return lambda _, __: (expected, remedy)


_MAPPING: Final = _fixed("a mapping", "write key: value pairs")
_BOOL: Final = _fixed("true or false", "write true or false without quotes")
_NUMBER: Final = _fixed("a number", "write a number without quotes")
_EXPLAINED: Final[dict[str, Callable[[object, Context], tuple[str, str]]]] = {
    "string_type": _text,
    "string_too_short": _fixed("a text", "write one, or leave the field out"),
    "int_type": _whole_number,
    "int_from_float": _whole_number,
    "bool_type": _BOOL,
    "bool_parsing": _BOOL,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "tuple_type": _list,
    "too_short": _fixed("at least one item", "add one, or leave the field out"),
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "literal_error": _one_of,
    "greater_than": _bound("above", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than_equal": _bound("at most", "le"),
}


def known_fields(model: type[Any], path: Sequence[str | int]) -> list[str]:
    """The manifest's spelling of all fields that the part of `model` at `path` has."""
    for part in path:
        field = next(
            field for name, field in model.model_fields.items() if (field.alias or name) == part
        )
        model = next(kind for kind in _kinds(field.annotation) if hasattr(kind, "model_fields"))
    return [field.alias or name for name, field in model.model_fields.items()]


def _kinds(annotation: Any) -> list[Any]:
    parts = getattr(annotation, "__args__", ())
    return [annotation, *(kind for part in parts for kind in _kinds(part))]
