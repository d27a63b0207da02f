"""Folders that a service names: made absolute, checked, and filled in."""

from pathlib import Path

from orchestrator.manifest.document import Document, FieldPath
from orchestrator.manifest.parse import Parsed
from orchestrator.model.errors import Problem
from orchestrator.model.spec import BuildSpec, ProcessSpec, ServiceSpec
from orchestrator.model.text import printable, quote


def with_folders(parsed: Parsed) -> tuple[Parsed, list[Problem]]:
    """`parsed` with absolute folders, symbolic links followed, and `process.workdir` filled in:
    the parent of the build folder if there is one, else the manifest's folder."""
    spec, document = parsed.spec, parsed.document
    if not isinstance(spec, ServiceSpec):
        return parsed, []
    problems: list[Problem] = []
    build = spec.build and _build(spec.build, document, problems)
    default = Path(build.context).parent if build else document.base
    process = _process(spec.process or ProcessSpec(), default, document, problems)
    update = {"process": process} | ({"build": build} if build else {})
    return Parsed(spec.model_copy(update=update), document), problems


def _build(build: BuildSpec, document: Document, problems: list[Problem]) -> BuildSpec:
    at = _given(document, ("build", "context"))
    context = _folder(build.context, at, document, problems)
    if context is None:
        return build
    dockerfile = (context / build.dockerfile).resolve()
    if not dockerfile.is_relative_to(context):
        found = f"the Dockerfile {quote(build.dockerfile)} lies outside of the build folder"
        problems.append(document.problem(_dockerfile(document), found, "move it into the folder"))
    elif not dockerfile.is_file():
        found = f"found no file {quote(build.dockerfile)} in {quote(build.context)}"
        remedy = "add a Dockerfile there, or correct build"
        problems.append(document.problem(_dockerfile(document), found, remedy))
    return build.model_copy(update={"context": str(context)})


def _dockerfile(document: Document) -> FieldPath:
    return _given(document, ("build", "dockerfile"))


def _process(
    process: ProcessSpec, default: Path, document: Document, problems: list[Problem]
) -> ProcessSpec:
    if process.workdir is None:
        return process.model_copy(update={"workdir": str(default)})
    workdir = _folder(process.workdir, ("process", "workdir"), document, problems)
    return process.model_copy(update={"workdir": str(workdir)}) if workdir else process


def _folder(given: str, at: FieldPath, document: Document, problems: list[Problem]) -> Path | None:
    try:
        folder = (document.base / given).resolve(strict=True)
    except (OSError, RuntimeError):
        found = f"the folder {quote(given)} does not exist"
    else:
        if folder.is_dir():
            return folder
        found = f"{quote(given)} is no folder"
    remedy = f"relative paths start at {printable(str(document.base))}"
    problems.append(document.problem(at, found, remedy))
    return None


def _given(document: Document, path: FieldPath) -> FieldPath:
    """`path`, or `build` where it was written as one text."""
    return path if path in document.values else path[:1]
