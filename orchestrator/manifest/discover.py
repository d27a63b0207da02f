"""Paths as given on the command line → the manifest files they mean.

A folder means the `*.yaml` and `*.yml` directly in it, as with `kubectl apply -f` without `-R`:
what lies deeper, such as examples, is named on its own. Hidden files are left out.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.manifest.loader import MAX_BYTES
from orchestrator.model.errors import Problem
from orchestrator.model.text import printable

STDIN: Final = "-"
_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one manifest file. `path` is None for standard input."""

    name: str
    content: bytes
    base: Path
    path: Path | None


def discover(
    paths: Sequence[str | Path], stdin: Callable[[], bytes] | None
) -> tuple[list[Source], list[Problem]]:
    """The sources in a fixed order, each file once however often it is named, and what cannot
    be read. At most one byte more than the cap is read of each."""
    sources: dict[Path | None, Source] = {}
    problems: list[Problem] = []
    for given in sorted({str(path) for path in paths}):
        with _collecting(given, problems):
            for path in _files(given, problems):
                with _collecting(path, problems):
                    source = _read(path, stdin or _read_stdin)
                    sources.setdefault(source.path, source)
    return list(sources.values()), problems


@contextmanager
def _collecting(path: str, problems: list[Problem]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        remedy = "check the file and its permissions"
        problems.append(_unreadable(path, f"cannot be read: {reason}", remedy))


def _files(given: str, problems: list[Problem]) -> list[str]:
    if given == STDIN:
        return [given]
    if "\0" in given:
        problems.append(_unreadable(given, "the path contains a NUL byte", "remove it"))
        return []
    path = Path(given)
    if path.is_dir():
        return list(_in_folder(path, problems))
    if not path.exists():
        problems.append(_missing(path))
        return []
    return [given]


def _in_folder(folder: Path, problems: list[Problem]) -> Iterator[str]:
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")
    )
    if not found:
        message = "is a folder without manifests, expected *.yaml or *.yml files in it"
        remedy = "name the files, or a folder that holds them; folders within are not searched"
        problems.append(_unreadable(str(folder), message, remedy))
    for path in found:
        if path.is_file():
            yield str(path)
        elif path.is_dir():
            remedy = "rename it, or name the files within"
            problems.append(_unreadable(str(path), "is a folder, expected a file", remedy))
        elif not path.exists():
            problems.append(_missing(path))
        else:
            problems.append(_unreadable(str(path), "is no regular file", "remove it"))


def _read(path: str, stdin: Callable[[], bytes]) -> Source:
    if path == STDIN:
        return Source("<stdin>", stdin(), Path.cwd(), None)
    with Path(path).open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    # Of a pipe such as <(…) the folder means nothing.
    base = Path(path).parent if Path(path).is_file() else Path()
    return Source(printable(path), content, base.resolve(), Path(path).resolve())


def _read_stdin() -> bytes:
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _missing(path: Path) -> Problem:
    if path.is_symlink():
        return _unreadable(str(path), "is a symbolic link to nowhere", "mend or remove it")
    return _unreadable(str(path), "does not exist", "check the spelling and the folder")


def _unreadable(path: str, message: str, remedy: str) -> Problem:
    return Problem(printable(path), 0, 0, "", message, remedy)
