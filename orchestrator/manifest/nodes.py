"""Nodes written short: `10x{cpu: 4, memory: 8Gi}`, with zone and labels if wanted."""

import re
from pathlib import Path
from typing import Any, Final

from orchestrator.manifest.document import Document
from orchestrator.manifest.loader import load_documents
from orchestrator.manifest.parse import parse
from orchestrator.model.errors import ManifestError, Problem
from orchestrator.model.spec import NodeSpec
from orchestrator.model.text import quote

__all__ = ["MAX_NODES", "numbered", "read_nodes"]

MAX_NODES: Final = 100_000
_SHORT = re.compile(r"\s*(?:([0-9]{1,6})\s*x\s*)?(\{.*\})\s*", re.ASCII | re.DOTALL)
_EXAMPLE: Final = "write it as '10x{cpu: 4, memory: 8Gi}'"
_CAPACITY: Final = ("cpu", "memory")


def read_nodes(texts: list[str]) -> tuple[NodeSpec, ...]:
    """The nodes of all the texts, named node-1, node-2, … in order.

    Raises `ManifestError` that names the text, the field and the remedy.
    """
    kinds = [_read(text) for text in texts]
    if (count := sum(each for each, _ in kinds)) > MAX_NODES:
        raise _refused(" ".join(texts), f"{count:,} nodes", f"{MAX_NODES:,} are the most")
    return numbered([spec for count, spec in kinds for _ in range(count)])


def numbered(specs: list[NodeSpec]) -> tuple[NodeSpec, ...]:
    """The same with names node-1, node-2, …, of one length, so that their order is by number."""
    width = len(str(len(specs)))
    return tuple(
        spec.model_copy(update={"name": f"node-{number:0{width}}"})
        for number, spec in enumerate(specs, 1)
    )


def _read(text: str) -> tuple[int, NodeSpec]:
    match = _SHORT.fullmatch(text)
    if match is None or match[1] == "0" * len(match[1] or "-"):
        raise _refused(text, "is no number of nodes of one kind", _EXAMPLE)
    # YAML wants a space after the colon, people who write on one line leave it out.
    spaced = re.sub(r":(?=\S)", ": ", match[2])
    documents, problems = load_documents(spaced.encode(), "--nodes", Path())
    if problems or not documents:
        raise ManifestError(tuple(problems)) if problems else _refused(text, "is empty", _EXAMPLE)
    parsed, problems = parse(_as_node(documents[0]))
    if parsed is None or not isinstance(parsed.spec, NodeSpec):
        raise ManifestError(tuple(problems))
    return int(match[1] or 1), parsed.spec


def _as_node(short: Document) -> Document:
    """The same as a whole node document."""
    given = short.data if isinstance(short.data, dict) else {}
    data: dict[str, Any] = {"kind": "Node", "name": "node", **given}
    data["capacity"] = {key: data.pop(key) for key in _CAPACITY if key in data}
    return Document(short.file, short.base, data, short.values, short.keys)


def _refused(text: str, message: str, remedy: str) -> ManifestError:
    return ManifestError((Problem("--nodes", 0, 0, "", f"{quote(text)} {message}", remedy),))
