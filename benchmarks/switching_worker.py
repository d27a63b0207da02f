"""A proxy worker that takes another note of requests every 50 ms: none, numbers, numbers and a log.

So what a note costs is seen within one process, in moments that are alike, where two workers differ
by some percent for reasons of their own. What a request took, phase by phase, is in `FILE` of the
folder for access logs.
"""

import asyncio
import json
import random
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from orchestrator.proxy import control, numbers, worker
from orchestrator.proxy.access_log import LogFile
from orchestrator.proxy.log_formats import FORMATS

if TYPE_CHECKING:
    from orchestrator.proxy.plane import DataPlane

FILE: Final = "switching.json"
NONE: Final = "none"
NUMBERS: Final = "numbers"
WAYS: Final = (NONE, NUMBERS, *FORMATS)
PHASE_S: Final = 0.05
_FEWEST: Final = 500
"""Requests of a phase that says something."""


class Switch:
    """Changes the way, in random order: a fixed one would favour whoever follows the cheapest."""

    def __init__(self, plane: "DataPlane", folder: Path) -> None:
        self._plane, self._folder = plane, folder
        self._files = {form: LogFile(folder / f"{form}.log") for form in FORMATS}
        self._logs = {form: FORMATS[form](file.append) for form, file in self._files.items()}
        self._found: dict[str, list[float]] = defaultdict(list)
        self._left = list(WAYS)
        self._silent: list[bool] = numbers.SILENT  # type: ignore[attr-defined]
        self._turn(NONE)

    def _turn(self, way: str) -> None:
        self._silent[:] = [True] if way == NONE else []
        for frontend in self._plane.frontends.values():
            frontend.access_log = self._logs.get(way)
        self._way, self._requests, self._cpu_s = way, self._served(), time.process_time()
        asyncio.get_running_loop().call_later(PHASE_S, self._over)

    def _over(self) -> None:
        # What was noted and not yet written is this phase's, too.
        for form, log in self._logs.items():
            log.flush()
            self._files[form].close()
        cpu_s, requests = time.process_time() - self._cpu_s, self._served() - self._requests
        if requests >= _FEWEST:
            self._found[self._way].append(cpu_s / requests * 1e6)
        if not self._left:
            self._folder.mkdir(exist_ok=True)
            (self._folder / FILE).write_text(json.dumps(self._found))
            self._left = random.sample(WAYS, len(WAYS))
        self._turn(self._left.pop())

    def _served(self) -> int:
        frontends = self._plane.frontends.values()
        return sum(backend.requests for one in frontends for backend in one.backends)


class SwitchingServer(control.ControlServer):
    """Switches from its start on."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        Switch(self.plane, arguments[-1])


if __name__ == "__main__":
    with patch.object(worker, "ControlServer", SwitchingServer):
        worker.main(sys.argv[1:])
