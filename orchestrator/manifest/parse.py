"""A document → the spec it describes, or all that is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.manifest.document import Document, FieldPath
from orchestrator.manifest.messages import faults_of, known_fields, suggestion
from orchestrator.model.errors import Problem
from orchestrator.model.spec import KINDS, NodeSpec, ServiceSpec
from orchestrator.model.text import quote

_KIND_REMEDY = "write kind: Service or kind: Node"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A spec and where it came from."""

    spec: ServiceSpec | NodeSpec
    document: Document


def parse(document: Document) -> tuple[Parsed | None, list[Problem]]:
    """The spec of a document; None with at least one problem where it has none."""
    data = document.data
    if not isinstance(data, dict):
        found = f"found {quote(data)}, expected a mapping with kind and name"
        return None, [document.problem((), found, _KIND_REMEDY)]
    model = KINDS.get(data["kind"]) if isinstance(data.get("kind"), str) else None
    if model is None or "apiVersion" in data:
        return None, [_no_kind(document, data)]
    try:
        # By alias only: the manifest's spelling, not the attribute names of the code.
        spec = model.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        return None, [found for error in errors for found in problems_of(document, model, error)]
    return Parsed(spec, document), []


def _no_kind(document: Document, data: dict[str, Any]) -> Problem:
    if "apiVersion" in data:
        remedy = "write it flat, without apiVersion, metadata and spec: kind, name, image, replicas"
        message = f"found a Kubernetes object ({quote(data['apiVersion'])}), expected a manifest"
        return document.problem(("apiVersion",), message, remedy, at_key=True)
    if "kind" in data:
        found = f"found {quote(data['kind'])}, expected Service or Node"
        kind = data["kind"] if isinstance(data["kind"], str) else ""
        return document.problem(("kind",), found, suggestion(kind, KINDS))
    if isinstance(data.get("services"), dict):
        remedy = "write one document per service: kind: Service, name: …, image: …"
        message = "found a Compose file, expected a manifest"
        return document.problem(("services",), message, remedy, at_key=True)
    near = [key for key in data if suggestion(key, ["kind"]).startswith("did")]
    remedy = f"rename {quote(near[0])} to 'kind'" if near else _KIND_REMEDY
    return document.problem(("kind",), "is missing", remedy)


def problems_of(document: Document, model: type[Any], error: ErrorDetails) -> Iterator[Problem]:
    """What is wrong with a document that is no `model`, by one of pydantic's errors."""
    # pydantic marks an error in the key of a mapping by a part of its own.
    at_key = error["loc"][-1:] == ("[key]",)
    path: FieldPath = error["loc"][:-1] if at_key else error["loc"]
    if error["type"] == "missing":
        yield document.problem(path, "is missing", f"add {path[-1]}: …")
    elif error["type"] == "extra_forbidden":
        message = f"unknown field {quote(path[-1])}"
        remedy = suggestion(str(path[-1]), known_fields(model, path[:-1]))
        yield document.problem(path, message, remedy, at_key=True)
    else:
        for fault in faults_of(error):
            steps = fault.field.split(".") if fault.field else ()
            below = tuple(int(step) if step.isdecimal() else step for step in steps)
            yield document.problem(path + below, fault.message, fault.remedy, at_key=at_key)
