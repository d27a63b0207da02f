"""The JSON Schema of a manifest document, for editors."""

from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter

from orchestrator.model.spec import NodeSpec, ServiceSpec

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one document: a Service or a Node, told apart by `kind`."""
    document: TypeAdapter[Any] = TypeAdapter(
        Annotated[ServiceSpec | NodeSpec, Field(discriminator="kind")]
    )
    generated = document.json_schema(by_alias=True, mode="validation")
    for name in ("ServiceSpec", "NodeSpec"):
        kind = generated["$defs"][name]
        kind["required"] = ["kind", *kind["required"]]
    _refuse_other_keys(generated)
    head = {
        "$schema": DIALECT,
        "title": "orchestrator manifest",
        "description": "One document of a manifest: a Service or a Node.",
    }
    return head | generated


def _refuse_other_keys(part: object) -> None:
    """A mapping whose keys have a form takes no others (pydantic leaves that open)."""
    if isinstance(part, dict):
        if "patternProperties" in part:
            part["additionalProperties"] = False
        for value in part.values():
            _refuse_other_keys(value)
    elif isinstance(part, list):
        for value in part:
            _refuse_other_keys(value)
