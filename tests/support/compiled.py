"""The proxy compiled in this very process: `ORCH_TEST_COMPILED=1 pytest tests/proxy`.

Workers that tests start are compiled anyway, where there is a build.
"""

import importlib
import os
import sys
from typing import Final

from orchestrator.runtime.proxy_build import build_folder

SWITCH: Final = "ORCH_TEST_COMPILED"
_PACKAGES: Final = ("orchestrator.core", "orchestrator.proxy")


def use_compiled() -> None:
    """Import compiled modules from now on. Raises `RuntimeError` if there are none."""
    folder = build_folder()
    if not folder.is_dir():
        raise RuntimeError(f"{SWITCH} is set, and there is no build: make compile")
    sys.path.insert(0, str(folder))
    for name in _PACKAGES:
        package = importlib.import_module(name)  # Empty: what is below it comes later.
        package.__path__.insert(0, str(folder.joinpath(*name.split("."))))


if os.environ.get(SWITCH):
    use_compiled()
