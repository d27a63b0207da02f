"""Rules between documents: names, listen ports, node selectors."""

from collections.abc import Iterator, Sequence

from orchestrator.core.sharing import REMEDY, Claims
from orchestrator.manifest.messages import suggestion
from orchestrator.manifest.parse import Parsed
from orchestrator.model.errors import Problem
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.text import quote


def duplicate_names(parsed: Sequence[Parsed]) -> Iterator[Problem]:
    """A name stands for one service, and for one node."""
    first: dict[tuple[str, str], Parsed] = {}
    for one in parsed:
        other = first.setdefault((one.spec.kind, one.spec.name), one)
        if other is not one:
            place = other.document.where(("name",))
            found = f"{one.spec.kind} {one.spec.name!r} is already defined at {place}"
            yield one.document.problem(("name",), found, "rename or remove one of them")


def shared_listens(parsed: Sequence[Parsed]) -> Iterator[Problem]:
    """A request to a port of an address is for one service."""
    claims: Claims[Parsed] = Claims()
    for one in parsed:
        proxy = one.spec.proxy if isinstance(one.spec, ServiceSpec) else None
        if proxy is not None and (other := claims.claim_port(one, proxy)):
            path = ("proxy", "listen")
            found = (
                f"the port is already used by {other.spec.name!r} at {other.document.where(path)}"
            )
            yield one.document.problem(path, found, REMEDY)


def unknown_selectors(parsed: Sequence[Parsed]) -> Iterator[Problem]:
    """Where nodes are given, one of them at least carries all labels a service selects by."""
    nodes = [one.spec for one in parsed if isinstance(one.spec, NodeSpec)]
    labels = {label for node in nodes for label in node.labels.items()}
    for one in parsed:
        if not nodes or not isinstance(one.spec, ServiceSpec):
            continue
        selector = one.spec.placement.node_selector.items()
        unknown = sorted(selector - labels)
        for key, value in unknown:
            found = f"unknown selector: no node carries the label {quote(f'{key}: {value}')}"
            remedy = _labels_hint(key, value, labels)
            yield one.document.problem(("placement", "nodeSelector", key), found, remedy)
        if not unknown and not any(selector <= node.labels.items() for node in nodes):
            found = "unknown selector: no single node carries all of these labels"
            path = ("placement", "nodeSelector")
            yield one.document.problem(path, found, "select by fewer, or add them to a node")


def _labels_hint(key: str, value: str, labels: set[tuple[str, str]]) -> str:
    if not labels:
        return "no node has labels: add labels to a Node"
    values = {known_value for known_key, known_value in labels if known_key == key}
    if values:
        return suggestion(value, values)
    return suggestion(key, {known_key for known_key, _ in labels})
