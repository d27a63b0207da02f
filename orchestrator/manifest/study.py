"""A study file → a study with all that it names, or all that is wrong with it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from orchestrator.core.packing.trace import TraceRow
from orchestrator.manifest.discover import discover
from orchestrator.manifest.document import Document
from orchestrator.manifest.loader import load_documents
from orchestrator.manifest.manifests import load
from orchestrator.manifest.nodes import numbered
from orchestrator.manifest.parse import problems_of
from orchestrator.manifest.vectors import read_rows
from orchestrator.model.errors import ManifestError, Problem
from orchestrator.model.names import is_name
from orchestrator.model.spec import Capacity, NodeSpec, ServiceSpec
from orchestrator.model.study import StudySpec, TraceSpec

__all__ = ["Study", "load_study", "study_schema"]


@dataclass(frozen=True, slots=True)
class Study:
    """A study and its workload: services, or rows of a trace whose times are the study's."""

    spec: StudySpec
    nodes: tuple[NodeSpec, ...]
    services: tuple[ServiceSpec, ...] = ()
    rows: tuple[TraceRow, ...] = ()


def load_study(path: str) -> Study:
    """Raises `ManifestError` with file, line, field and remedy; OSError for a trace."""
    document = _document(path)
    spec = _spec(document)
    trace = spec.workload.trace
    if trace is not None:
        rows = _rows(document.base / trace.file, trace)
        return _checked(document, Study(spec, _nodes(spec), rows=rows))
    manifests = load([document.base / one for one in spec.workload.manifests])
    nodes = _nodes(spec) or manifests.nodes
    if not nodes or not manifests.services:
        lack = "no service" if nodes else "no nodes: not in the manifests, and no cluster here"
        remedy = "name manifests that have some" + ("" if nodes else ", or add cluster: …")
        raise ManifestError((document.problem(("workload",), lack, remedy),))
    return _checked(document, Study(spec, nodes, services=manifests.services))


def study_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a study file."""
    from orchestrator.manifest.schema import DIALECT

    generated = StudySpec.model_json_schema(by_alias=True, mode="validation")
    generated["required"] = ["kind", *generated["required"]]
    return {"$schema": DIALECT, "title": "orchestrator study"} | generated


def _document(path: str) -> Document:
    sources, problems = discover([path], None)
    if problems:
        raise ManifestError(tuple(problems))
    documents, problems = load_documents(sources[0].content, sources[0].name, sources[0].base)
    if problems:
        raise ManifestError(tuple(problems))
    if len(sources) > 1 or len(documents) > 1:
        raise ManifestError((Problem(path, 0, 0, "", "is more than one study", "name one"),))
    return documents[0]


def _spec(document: Document) -> StudySpec:
    data = document.data
    if not isinstance(data, dict) or data.get("kind") != "Study":
        remedy = "write kind: Study, name: …, duration: …, workload: …"
        raise ManifestError((document.problem(("kind",), "is no study", remedy),))
    try:
        return StudySpec.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        found = [each for error in errors for each in problems_of(document, StudySpec, error)]
        raise ManifestError(tuple(found)) from None


def _nodes(spec: StudySpec) -> tuple[NodeSpec, ...]:
    """node-1, node-2, … in the order given."""
    kinds = [
        NodeSpec(
            name="node",
            capacity=Capacity.model_validate(
                {"cpu": f"{each.cpu_millicores}m", "memory": each.memory_bytes}
            ),
            zone=each.zone,
            labels=each.labels,
        )
        for each in spec.cluster
    ]
    counts = [each.count for each in spec.cluster]
    return numbered([kind for kind, count in zip(kinds, counts, strict=True) for _ in range(count)])


def _rows(path: Path, trace: TraceSpec) -> tuple[TraceRow, ...]:
    found: dict[str, TraceRow] = {}
    for number, row in enumerate(read_rows(path)[: trace.first], 1):
        # Each is a service, and its name has to be one.
        usable = is_name(row.name) and row.name not in found
        name = row.name if usable else f"row-{number}"
        leaves = None if row.departure is None else row.departure / trace.speed_up
        arrives = row.arrival / trace.speed_up
        found[name] = replace(row, name=name, arrival=arrives, departure=leaves)
    return tuple(found.values())


def _checked(document: Document, study: Study) -> Study:
    """What happens must happen to something that is there then."""
    nodes = {node.name: _ALWAYS for node in study.nodes}
    services = {one.name: _ALWAYS for one in study.services}
    services |= {row.name: (row.arrival, row.departure or math.inf) for row in study.rows}
    problems = [
        document.problem(("happenings", index, field), told, _some(there))
        for index, each in enumerate(study.spec.happenings)
        for field, there in (("node", nodes), ("service", services))
        if (told := _absent(field, getattr(each, field), each.at_s, there))
    ]
    if problems:
        raise ManifestError(tuple(problems))
    return study


_ALWAYS: Final = (-math.inf, math.inf)


def _absent(
    kind: str, name: str | None, at_s: float, there: Mapping[str, tuple[float, float]]
) -> str:
    """Why nothing can be done to it, "" if there is nothing wrong."""
    if name is None:
        return ""
    if name not in there:
        return f"there is no {kind} {name!r}"
    arrival, departure = there[name]
    return "" if arrival < at_s < departure else f"{kind} {name!r} is not there at that time"


def _some(names: Iterable[str]) -> str:
    return f"there are: {', '.join(sorted(names)[:10])}"
