"""What was named on the command line → what is to be packed into what."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from orchestrator.cli import sources
from orchestrator.cli.exits import UsageError
from orchestrator.core.packing.instance import Instance, Size
from orchestrator.core.packing.metrics import fewest_nodes
from orchestrator.core.packing.trace import TraceRow
from orchestrator.core.packing.whatif import (
    Box,
    Demand,
    Piece,
    boxes_of,
    pieces_of,
    place_online,
    why_not_by_size,
)
from orchestrator.core.scheduling import Request
from orchestrator.manifest.nodes import numbered, read_nodes
from orchestrator.manifest.vectors import read_instance, read_node_rows, read_rows
from orchestrator.model.quantity import (
    MAX_CPU_MILLICORES,
    MAX_MEMORY_BYTES,
    format_cpu,
    format_memory,
)
from orchestrator.model.spec import Capacity, NodeSpec, ServiceSpec
from orchestrator.model.state import Node

TRACE: Final = ".csv"
INSTANCE: Final = ".vbp"
MIB: Final = 2**20
DEFAULT_NODE: Final[Size] = (4000, 8 * 2**30)


@dataclass(frozen=True)
class Question:
    """Pieces in their order, and the boxes for them.

    An instance knows sizes only: it has no `demands`, and None for `nodes`. `about` says what is
    packed into what, in one sentence.
    """

    pieces: tuple[Piece, ...]
    boxes: tuple[Box, ...]
    about: str
    demands: tuple[Demand, ...] = ()
    nodes: dict[str, Node] | None = None

    @property
    def scheduled(self) -> bool:
        """Whether the scheduler can be asked: these are replicas and nodes."""
        return self.nodes is not None

    @cached_property
    def bound(self) -> int:
        """No method needs fewer nodes."""
        return fewest_nodes(self.pieces, [box.capacity for box in self.boxes])

    @cached_property
    def why_not_by_size(self) -> str:
        """Why rules that know only sizes cannot be asked; "" if they can."""
        return why_not_by_size(self.demands, self.nodes or {})


def read(files: Sequence[str], nodes: Sequence[str]) -> Question:
    """The question in the files: manifests, one trace (.csv) or one instance (.vbp).

    Raises `UsageError`, `ManifestError`, OSError.
    """
    special = [path for path in files if Path(path).suffix.lower() in (TRACE, INSTANCE)]
    if special and len(files) > 1:
        raise UsageError(
            f"{special[0]} is packed on its own", remedy="name one trace, or manifests only"
        )
    if special and Path(special[0]).suffix.lower() == INSTANCE:
        if nodes:
            raise UsageError(
                "an instance says itself how large its bins are", remedy="leave --nodes out"
            )
        return of_instance(read_instance(Path(special[0])))
    if special:
        rows = read_rows(Path(special[0]))
        at_once = ", all at once," if any(row.departure is not None for row in rows) else ""
        return _of_demands(demands_of(rows), _named(nodes), at_once)
    manifests = sources.load(files)
    if not manifests.services:
        raise UsageError("no service to place", remedy="name manifests that have services: -f PATH")
    return _of_demands(demands_of_services(manifests.services), _named(nodes) or manifests.nodes)


def of_instance(instance: Instance) -> Question:
    """Items as pieces, equal ones of one colour, and as many bins as there are items."""
    pieces = tuple(
        Piece(f"item-{number}", "×".join(map(str, size)), size)
        for number, size in enumerate(instance.items, 1)
    )
    width = len(str(len(pieces)))
    boxes = tuple(
        Box(f"bin-{number:0{width}}", instance.capacity)
        for number in range(1, max(1, len(pieces)) + 1)
    )
    capacity = "×".join(map(str, instance.capacity))
    return Question(pieces, boxes, f"{len(pieces)} items into bins of {capacity}")


def demands_of(rows: Sequence[TraceRow]) -> tuple[Demand, ...]:
    """One replica for each row of a trace."""
    return tuple(
        Demand(Request(row.name, 1, row.cpu_millicores, row.memory_mib * MIB), (row.name,))
        for row in rows
    )


def demands_of_services(services: Sequence[ServiceSpec]) -> tuple[Demand, ...]:
    """The replicas of each service, web-1, web-2, …"""
    return tuple(
        Demand(
            Request.of(spec, 1),
            tuple(f"{spec.name}-{slot + 1}" for slot in range(spec.replicas)),
            spec,
        )
        for spec in services
    )


def _named(texts: Sequence[str]) -> tuple[NodeSpec, ...]:
    """The nodes of --nodes: texts such as 10x{…}, or one CSV file."""
    files = [text for text in texts if text.lower().endswith(TRACE)]
    if not files:
        return read_nodes(list(texts)) if texts else ()
    if len(texts) > 1:
        raise UsageError("--nodes: a file of nodes is given on its own", remedy="give it once")
    return read_node_rows(Path(files[0]))


def _of_demands(
    demands: tuple[Demand, ...], specs: Sequence[NodeSpec], at_once: str = ""
) -> Question:
    pieces = pieces_of(demands)
    why = ""
    if not specs:
        specs, why = _default_nodes(demands, pieces)
    nodes = {spec.name: Node(spec) for spec in specs}
    kinds = {spec.capacity for spec in specs}
    size = f" of {_words(next(iter(kinds)))}" if len(kinds) == 1 else ""
    about = (
        f"{_counted(len(pieces), 'replica')}{at_once} on {_counted(len(nodes), 'node')}{size}{why}"
    )
    return Question(pieces, boxes_of(nodes), about, demands, nodes)


def _default_nodes(
    demands: Sequence[Demand], pieces: Sequence[Piece]
) -> tuple[tuple[NodeSpec, ...], str]:
    """4 CPU and 8Gi, doubled until the largest replica fits; a quarter more than first-fit needs,
    so that strategies differ."""
    cpu, memory = DEFAULT_NODE
    for piece in pieces:
        while cpu < piece.size[0]:
            cpu *= 2
        while memory < piece.size[1]:
            memory *= 2
    cpu, memory = min(cpu, MAX_CPU_MILLICORES), min(memory, MAX_MEMORY_BYTES)
    # They carry whatever label is asked for, or some replicas would find no node at all.
    labels = dict(pair for each in demands for pair in each.request.node_selector.items())
    spec = NodeSpec(name="node", capacity=_capacity(cpu, memory), labels=labels)
    ample = {one.name: Node(one) for one in numbered([spec] * max(1, len(pieces)))}
    needed = len(place_online(demands, ample, "first-fit", "first-fit").occupied)
    count = max(1, -(-5 * needed // 4))
    why = f" (none are given; first-fit needs {needed} of these; --nodes gives others)"
    return numbered([spec] * count), why


def _capacity(cpu: int, memory: int) -> Capacity:
    return Capacity.model_validate({"cpu": f"{cpu}m", "memory": memory})


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _words(capacity: Capacity) -> str:
    memory = format_memory(capacity.memory_bytes)
    return f"{format_cpu(capacity.cpu_millicores)} CPU and {memory}"
