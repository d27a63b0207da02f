"""Chromium, where there is one: it turns our SVG into PNG."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from orchestrator.cli.render.picture import Picture
from orchestrator.model.errors import OrchestratorError

NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
SHARPNESS: Final = 2
"""Pixels of the PNG for each of the picture, in both directions."""
PATIENCE_S: Final = 60.0


def find() -> str:
    """Its path. Raises `OrchestratorError`."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise OrchestratorError(
        "a PNG needs Chromium or Google Chrome, and neither is on PATH",
        remedy="install one (Debian: apt-get install chromium), or write a page with --report",
    )


def write_png(picture: Picture, path: Path) -> None:
    """Draw it into a file. Raises `OrchestratorError`."""
    with tempfile.TemporaryDirectory(prefix="orch-png-") as folder:
        drawing, drawn = Path(folder, "picture.svg"), Path(folder, "picture.png")
        drawing.write_text(picture.svg, encoding="utf-8")
        complaints = _run(_command(picture, drawing, drawn, Path(folder, "profile")))
        if not drawn.is_file():
            raise OrchestratorError(f"Chromium drew nothing: {complaints}")
        shutil.copyfile(drawn, path)


def _command(picture: Picture, drawing: Path, drawn: Path, profile: Path) -> list[str]:
    """A browser of its own that sees this file only, and asks nobody anything."""
    # Root may not use its sandbox; what is drawn here is ours.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [
        find(), "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage", f"--user-data-dir={profile}",
        f"--force-device-scale-factor={SHARPNESS}",
        f"--window-size={picture.width},{picture.height}", *sandbox,
        f"--screenshot={drawn}", drawing.as_uri(),
    ]  # fmt: skip


def _run(argv: list[str]) -> str:
    """What it said last."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"not within {PATIENCE_S:.0f} s"
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
