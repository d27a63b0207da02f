"""Small things that every table shows: ages, bars, the colour of a status."""

from typing import Final

FULL, EMPTY = "█", "░"

GOOD: Final = ("Ready", "Completed", "Drained")
UNDER_WAY: Final = (
    "Starting", "Running", "Pending", "Terminating", "Progressing", "Draining", "Cordoned",
    "Stopped", "Deleting",
)  # fmt: skip


def status_style(status: str) -> str:
    """Green for what is well, yellow for what is under way, red for what failed."""
    if status in GOOD:
        return "green"
    return "yellow" if status in UNDER_WAY else "red"


def age(seconds: float) -> str:
    """As kubectl: `45s`, `5m12s`, `3h4m`, `2d3h`."""
    whole = int(seconds)
    if whole < 120:
        return f"{whole}s"
    minutes, secs = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{secs}s" if minutes < 10 and secs else f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes}m" if minutes else f"{hours}h"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours}h" if hours else f"{days}d"


def took(seconds: float) -> str:
    """A duration that was measured: `0.5s`, `12.3s`, `2m5s`."""
    return f"{seconds:.1f}s" if seconds < 60 else age(seconds)


def bar(used: int, capacity: int, cells: int = 10) -> str:
    """`██████░░░░`: full cells, rounded up, so that what is used shows."""
    full = min(cells, -(-cells * used // capacity)) if capacity else 0
    return FULL * full + EMPTY * (cells - full)


def share(used: int, capacity: int) -> str:
    """`60%`"""
    return f"{100 * used // capacity if capacity else 0}%"
