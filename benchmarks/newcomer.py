"""From a clone to a killed replica that is back, as seen in the browser."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.browsing import Visit
from benchmarks.http import free_port
from benchmarks.report import Row
from benchmarks.sample import ROOT
from benchmarks.spread import Spread

AIM_S: Final = 20.0
LISTEN: Final = "listen: 8080"
TIMEOUT_S: Final = 120
NOTES: Final = [
    "A newcomer: `git clone`, `orch up -f manifests/ --engine process --detach --wait`, the page, "
    "a click on a replica, Kill, until the page says that it is ready again; with Python's "
    "packages and the browser installed, the service on a free port in place of 8080.",
]


def walk(visit: Callable[[str], Visit]) -> dict[str, float]:
    """Seconds until each step is done, all counted from the beginning."""
    with tempfile.TemporaryDirectory(prefix="orch-newcomer-") as folder:
        begin = time.perf_counter()
        clone = Path(folder, "orchestrator")
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True, timeout=TIMEOUT_S)
        cloned = time.perf_counter()
        manifest = clone / "manifests" / "web.yaml"
        manifest.write_text(manifest.read_text().replace(LISTEN, f"listen: {free_port()}"))
        api = free_port()
        try:
            _orch(clone, "up", "-f", "manifests/", "--engine", "process", "--detach", "--wait",
                  "--api-port", str(api))  # fmt: skip
            up = time.perf_counter()
            page = visit(f"http://127.0.0.1:{api}").page
            _kill_and_recover(page)
            seen = time.perf_counter()
            page.close()
        finally:
            _orch(clone, "down")
    return {
        "newcomer clone": cloned - begin, "newcomer up": up - begin, "newcomer seen": seen - begin,
    }  # fmt: skip


def _kill_and_recover(page: Any) -> None:
    page.get_by_role("button", name="web-2").click()
    box = page.get_by_role("dialog")
    box.get_by_role("button", name="Kill").click()
    box.get_by_text("2, after 1 restart").wait_for()
    box.locator("dd", has_text="Ready").first.wait_for()


def _orch(clone: Path, *arguments: str) -> None:
    state = str(clone.parent / "state")
    environment = os.environ | {"PYTHONPATH": str(clone), "ORCH_STATE_DIR": state}
    subprocess.run(
        [sys.executable, "-m", "orchestrator", *arguments], cwd=clone, env=environment, check=True,
        capture_output=True, timeout=TIMEOUT_S,
    )  # fmt: skip


def rows(found: dict[str, Spread]) -> list[Row]:
    """What `walk` found."""
    return [
        Row("newcomer: cloned", found["newcomer clone"], "s"),
        Row("newcomer: 3 replicas ready", found["newcomer up"], "s"),
        Row("newcomer: killed replica seen ready again", found["newcomer seen"], "s", AIM_S),
    ]
