"""Chromium, where there is one: it turns our SVG into PNG."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from orchestrator.cli.exits import UsageError
from orchestrator.model.errors import OrchestratorError

__all__ = ["find", "write_png"]

NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
SHARPNESS: Final = 2
"""Pixels of the PNG for each of the picture, in both directions."""
DRAWN_WITHIN_S: Final = 60


def find() -> str:
    """Its path. Raises `UsageError` if there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise UsageError(
        f"--png needs a Chromium, and none of {', '.join(NAMES)} is there",
        remedy="install one (Debian: apt-get install chromium), or leave --png out: the page has "
        "the same pictures",
    )


def write_png(svg: str, path: Path) -> None:
    """Draw an `<svg>` element into a file, on white.

    Raises `UsageError` without a browser, `OrchestratorError` if it fails.
    """
    with tempfile.TemporaryDirectory(prefix="orch-png-") as folder:
        page, drawn = Path(folder, "picture.html"), Path(folder, "picture.png")
        page.write_text(
            f'<!doctype html><meta charset="utf-8"><body style="margin:0">{svg}', encoding="utf-8"
        )
        command = _command(*_extent(svg), page, drawn, Path(folder, "profile"))
        try:
            subprocess.run(
                command, stdin=subprocess.DEVNULL, check=True, capture_output=True,
                timeout=DRAWN_WITHIN_S,
            )  # fmt: skip
            shutil.copyfile(drawn, path)
        except (subprocess.SubprocessError, OSError) as error:
            raise OrchestratorError(f"{path}: {command[0]} did not draw it: {error}") from error


def _command(width: int, height: int, page: Path, drawn: Path, profile: Path) -> list[str]:
    """A browser of its own that sees this file only, and asks nobody anything."""
    # Root may not use its sandbox; what is drawn here is ours.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [
        find(), "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage", f"--user-data-dir={profile}",
        f"--force-device-scale-factor={SHARPNESS}", f"--window-size={width},{height}", *sandbox,
        f"--screenshot={drawn}", page.as_uri(),
    ]  # fmt: skip


def _extent(svg: str) -> tuple[int, int]:
    """Width and height of its viewBox."""
    _, _, width, height = svg.partition('viewBox="')[2].partition('"')[0].split()
    return int(width), int(height)
