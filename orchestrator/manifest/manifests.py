"""Manifests as a whole: from paths or text to checked specs, or to all that is wrong."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.manifest.crosscheck import duplicate_names, shared_listens, unknown_selectors
from orchestrator.manifest.discover import Source, discover
from orchestrator.manifest.loader import load_documents
from orchestrator.manifest.parse import Parsed, parse
from orchestrator.manifest.paths import with_folders
from orchestrator.model.errors import ManifestError, Problem
from orchestrator.model.spec import NodeSpec, ServiceSpec

MAX_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Manifests:
    """Checked specs, each kind sorted by name, with absolute folders; and their files."""

    services: tuple[ServiceSpec, ...]
    nodes: tuple[NodeSpec, ...]
    files: tuple[Path, ...]


def load(paths: Sequence[str | Path], *, stdin: Callable[[], bytes] | None = None) -> Manifests:
    """The manifests in files, in folders (see `discover`) and, for `-`, on standard input.

    `stdin` reads the latter; by default the process's own. Raises `ManifestError` with every
    problem of every file.
    """
    sources, problems = discover(paths, stdin)
    return _checked(sources, problems)


def from_text(text: bytes, *, name: str, base: Path) -> Manifests:
    """The manifests in `text`. `name` stands for its file in messages, relative folders start at
    `base`. Raises `ManifestError` with every problem."""
    return _checked([Source(name, text, base.resolve(), None)], [])


def _checked(sources: Sequence[Source], problems: list[Problem]) -> Manifests:
    parsed: list[Parsed] = []
    for source in sources:
        parsed += _parsed(source, problems)
    problems += _between(parsed, complete=not problems)
    if problems:
        raise ManifestError(_in_order(problems))
    specs = sorted((one.spec for one in parsed), key=lambda spec: spec.name)
    return Manifests(
        services=tuple(spec for spec in specs if isinstance(spec, ServiceSpec)),
        nodes=tuple(spec for spec in specs if isinstance(spec, NodeSpec)),
        files=tuple(source.path for source in sources if source.path is not None),
    )


def _parsed(source: Source, problems: list[Problem]) -> Iterator[Parsed]:
    documents, unreadable = load_documents(source.content, source.name, source.base)
    problems += unreadable
    known = {_place(problem) for problem in unreadable}
    for document in documents:
        one, found = parse(document)
        # What could not be read cannot be right either: once is enough.
        problems += [problem for problem in found if _place(problem) not in known]
        if one is not None:
            one, found = with_folders(one)
            problems += found
            yield one


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column


def _between(parsed: Sequence[Parsed], *, complete: bool) -> Iterator[Problem]:
    yield from duplicate_names(parsed)
    yield from shared_listens(parsed)
    # A node that could not be read may be the one that carries the label.
    if complete:
        yield from unknown_selectors(parsed)


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    ordered = sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))
    shown = ordered[:MAX_SHOWN]
    if more := len(ordered) - len(shown):
        last = shown[-1].file
        shown.append(Problem(last, 0, 0, "", f"{more:,} more problems", "mend those above first"))
    return tuple(shown)
