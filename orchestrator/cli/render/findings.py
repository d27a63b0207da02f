"""What `orch doctor` found, for people."""

from collections.abc import Sequence
from typing import Final

from orchestrator.cli.checks.finding import Finding, Level
from orchestrator.cli.terminal import Paint

_MARKS: Final = {
    Level.OK: ("✔", "green"),
    Level.WARNING: ("!", "yellow"),
    Level.ERROR: ("✘", "red"),
}


def findings(found: Sequence[Finding], paint: Paint) -> list[str]:
    """A line for each, what to do below it, the verdict last."""
    width = max((len(one.check) for one in found), default=0)
    lines: list[str] = []
    for one in found:
        lines.append(f"{paint(*_MARKS[one.level])} {one.check:<{width}}  {one.text}")
        if one.remedy:
            lines.append(f"  {'':<{width}}  -> {one.remedy}")
    return [*lines, "", _verdict(found)]


def _verdict(found: Sequence[Finding]) -> str:
    errors = sum(one.level is Level.ERROR for one in found)
    warnings = sum(one.level is Level.WARNING for one in found)
    if errors:
        return f"{errors} error(s), {warnings} warning(s): mend the errors first."
    return f"Ready to run, {warnings} warning(s)." if warnings else "Ready to run."
