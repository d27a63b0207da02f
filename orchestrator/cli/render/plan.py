"""A plan in colour: each line by its symbol."""

from orchestrator.cli.terminal import Paint

_STYLES = {"+": "green", "~": "yellow", "-": "red"}


def plan(text: str, paint: Paint) -> list[str]:
    """The lines of a plan's text; those of a change in the colour of their symbol."""
    return [_line(line, paint) for line in text.splitlines()]


def _line(line: str, paint: Paint) -> str:
    stripped = line.lstrip()
    if stripped[:2] in ("+ ", "~ ", "- "):
        return paint(line, _STYLES[stripped[0]])
    if stripped.startswith("Pending "):
        return paint(line, "yellow")
    return paint(line, "bold") if line.startswith(("Plan:", "No changes.")) else line
