"""Showing foreign text in a message: short, on one line, with nothing a terminal would obey."""

from typing import Final

LONGEST_QUOTE: Final = 40


def quote(value: object) -> str:
    """`value` for a message: at most 40 of its characters, control characters escaped."""
    if isinstance(value, str):
        return repr(value if len(value) <= LONGEST_QUOTE else value[:LONGEST_QUOTE] + "…")
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(value)
    if isinstance(value, int):
        # Python refuses to print integers of more than 4,300 digits.
        return str(value) if abs(value) < 10**LONGEST_QUOTE else "a number beyond all bounds"
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def printable(path: str) -> str:
    """A path for a message: whole, quoted where it holds what a terminal would obey."""
    return path if path.isprintable() else repr(path)
