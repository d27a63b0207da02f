"""The proxy's sources with a switch in them: requests are noted, or are not."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.sample import ROOT
from orchestrator.runtime.proxy_build import copy_sources, is_compiled

NUMBERS: Final = Path("orchestrator/proxy/numbers.py")
_BEGIN: Final = "    now = perf_counter()\n    took_s"
_IMPORTS: Final = "CLIENT_GONE: Final"


def make(folder: Path) -> None:
    """Have them in `folder`, compiled if the proxy is. Raises `subprocess.CalledProcessError`."""
    copy_sources(folder)
    numbers = folder / NUMBERS
    numbers.write_text(with_switch(numbers.read_text()))
    if is_compiled():
        subprocess.run(
            [sys.executable, "-P", str(ROOT / "scripts/compile.py"), "build"],
            cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


def with_switch(source: str) -> str:
    """`numbers.ended` does nothing while `numbers.SILENT` has something in it."""
    for mark, inserted in (
        (_BEGIN, "    if SILENT:\n        return\n"),
        (_IMPORTS, "SILENT: Final[list[bool]] = []\n"),
    ):
        if source.count(mark) != 1:
            raise ValueError(f"{NUMBERS} has no place for a switch before {mark!r}")
        source = source.replace(mark, inserted + mark)
    return source
