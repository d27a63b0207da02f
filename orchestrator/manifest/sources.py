"""The digest of a build folder: equal digest, no reason to build the image again."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orchestrator.manifest.dockerignore import Rule, is_ignored, parse_rules
from orchestrator.model.errors import ManifestError, Problem
from orchestrator.model.spec import BuildSpec
from orchestrator.model.text import printable

MAX_FILES: Final = 10_000
MAX_BYTES: Final = 256 * 2**20
_IGNORE_FILE: Final = ".dockerignore"
# Written by merely running the program: no source.
_NEVER: Final = parse_rules("**/__pycache__\n**/*.pyc\n**/.git")
_CHUNK: Final = 2**20


def source_digest(build: BuildSpec) -> str:
    """Hex digest over names, permissions and contents in the build folder, as far as
    .dockerignore lets them into the build, and over how it is built (Dockerfile, arguments).

    Symbolic links count as what they say and are not followed. Raises `ManifestError` for a
    folder that cannot be read or is beyond the caps.
    """
    root = Path(build.context)
    try:
        return _digest(build, root)
    except OSError as error:
        path = printable(str(error.filename or build.context))
        found = f"{path} cannot be read: {error.strerror}"
        raise _refusal(build, found, "check the build folder and its permissions") from error


def _digest(build: BuildSpec, root: Path) -> str:
    how = repr((build.dockerfile, sorted(build.args.items())))
    digest = hashlib.sha256(how.encode())
    files = size = 0
    for entry in build_files(root, _rules(root), build.dockerfile):
        status = entry.stat(follow_symlinks=False)
        files, size = files + 1, size + status.st_size
        if files > MAX_FILES or size > MAX_BYTES:
            limits = f"{MAX_FILES:,} files or {MAX_BYTES // 2**20} MiB"
            remedy = f"exclude what the image does not need in {_IGNORE_FILE}"
            raise _refusal(build, f"the build folder holds more than {limits}", remedy)
        name = os.fsencode(os.path.relpath(entry.path, root))
        for part in (name, b"%o" % status.st_mode, _content(entry, status.st_mode)):
            digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()


def _rules(root: Path) -> tuple[Rule, ...]:
    try:
        text = (root / _IGNORE_FILE).read_bytes()[:_CHUNK]
    except FileNotFoundError:
        return _NEVER
    return parse_rules(text.decode("utf-8-sig", "replace")) + _NEVER


def build_files(
    root: Path, rules: tuple[Rule, ...], dockerfile: str
) -> Iterator["os.DirEntry[str]"]:
    """What goes into the build, folders aside, in a fixed order; the Dockerfile always does."""
    always = Path(os.path.normpath(dockerfile)).parts
    folders: list[tuple[str, tuple[str, ...]]] = [(os.fspath(root), ())]
    while folders:
        folder, above = folders.pop()
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            path = (*above, entry.name)
            ignored = is_ignored(path, rules) and path != always[: len(path)]
            if not entry.is_dir(follow_symlinks=False):
                if not ignored:
                    yield entry
            elif not ignored or any(rule.reopens(path) for rule in rules):
                folders.append((entry.path, path))


def _content(entry: "os.DirEntry[str]", mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return os.fsencode(Path(entry.path).readlink())
    if not stat.S_ISREG(mode):
        return b""
    with Path(entry.path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _refusal(build: BuildSpec, message: str, remedy: str) -> ManifestError:
    return ManifestError((Problem(printable(build.context), 0, 0, "build", message, remedy),))
