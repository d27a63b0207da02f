"""What proxy workers are imported from: the compiled build of these very sources, if there is one.

`make compile` makes it, out of the same files, by mypyc (docs/decisions/0004). It is found by what
the sources say: change one, and workers run them interpreted until they are compiled again.
"""

import hashlib
import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Final

import orchestrator

PACKAGES: Final = ("core", "model", "proxy")
"""All that a worker imports of this project."""
SWITCH: Final = "ORCH_COMPILED"
"""An environment variable; `0`: workers run interpreted."""


def source_root() -> Path:
    """The folder that this project is imported from."""
    return Path(orchestrator.__file__).parent.parent


def sources() -> list[Path]:
    """The files of a worker, relative to `source_root`."""
    root = source_root()
    files = [file for name in PACKAGES for file in (root / "orchestrator" / name).rglob("*.py")]
    return sorted(file.relative_to(root) for file in (root / "orchestrator/__init__.py", *files))


def copy_sources(folder: Path) -> None:
    """Have the files of a worker in `folder`, as they are. Raises `OSError`."""
    for file in sources():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source_root() / file, folder / file)


def builds() -> Path:
    """Where compiled builds are kept: with the Python that they are for."""
    return Path(sys.prefix) / "orchestrator-compiled"


def build_folder() -> Path:
    """Where the build of these sources is, if there is one."""
    digest = hashlib.blake2b(str(sysconfig.get_config_var("EXT_SUFFIX")).encode(), digest_size=10)
    root = source_root()
    for file in sources():
        content = (root / file).read_bytes()
        digest.update(f"\n{file} {len(content)}\n".encode())
        digest.update(content)
    return builds() / digest.hexdigest()


def is_compiled() -> bool:
    """Whether workers run compiled."""
    return os.environ.get(SWITCH) != "0" and build_folder().is_dir()


def import_root() -> Path:
    """The folder that workers import this project from."""
    return build_folder() if is_compiled() else source_root()
