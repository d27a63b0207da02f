"""The tables of `ps`, `services`, `nodes` and `events`."""

import time
from collections.abc import Sequence

from orchestrator.cli.render.columns import Cell, columns
from orchestrator.cli.render.words import age, bar, share, status_style
from orchestrator.cli.terminal import Paint
from orchestrator.model.quantity import format_cpu, format_memory
from orchestrator.model.views import EventView, NodeView, ReplicaView, ServiceView

NONE = "-"
MIB = 2**20


def replicas(rows: Sequence[ReplicaView], paint: Paint, *, wide: bool = False) -> list[str]:
    """`orch ps`. Below the table, why those that are not ready are not."""
    if not rows:
        return ["No replicas."]
    heads = ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "NODE", "ZONE"]
    more = ["ATTEMPT", "REVISION", "ID", "ENDPOINT", "LAST-EXIT"] if wide else []
    table = columns(heads + more, [_replica(row, wide) for row in rows], paint)
    return table + _reasons(rows, paint)


def _replica(row: ReplicaView, wide: bool) -> list[Cell | str]:
    cells: list[Cell | str] = [
        row.name,
        Cell("yes" if row.ready else "no", "" if row.ready else "yellow"),
        Cell(row.status, status_style(row.status)),
        str(row.restarts),
        age(row.age_s) if row.id else NONE,
        row.node or NONE,
        row.zone or NONE,
    ]
    if wide:
        id_ = (row.id or NONE)[:12]
        cells += [str(row.attempt), row.revision, id_, row.endpoint or NONE, row.last_exit or NONE]
    return cells


def _reasons(rows: Sequence[ReplicaView], paint: Paint) -> list[str]:
    told = [row for row in rows if row.reason and not row.ready]
    return ([""] if told else []) + [
        f"{paint(row.name, 'bold')} {row.status}: {row.reason}" for row in told
    ]


def services(rows: Sequence[ServiceView], paint: Paint, *, wide: bool = False) -> list[str]:
    """`orch services`."""
    if not rows:
        return ["No services."]
    heads = ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "STATUS", "ADDRESS"]
    more = ["RESTARTS", "PENDING", "REVISION", "IMAGE", "REASON"] if wide else []
    return columns(heads + more, [_service(row, wide) for row in rows], paint)


def _service(row: ServiceView, wide: bool) -> list[Cell | str]:
    full = row.ready >= row.desired
    cells: list[Cell | str] = [
        row.name,
        Cell(f"{row.ready}/{row.desired}", "" if full else "yellow"),
        str(row.up_to_date),
        str(row.ready),
        Cell(row.status + ",Paused" * row.paused, status_style(row.status)),
        row.address or NONE,
    ]
    if wide:
        cells += [str(row.restarts), str(row.pending), row.revision, row.image or NONE, row.reason]
    return cells


def nodes(rows: Sequence[NodeView], paint: Paint, *, wide: bool = False) -> list[str]:
    """`orch nodes`: what each has, what is reserved on it."""
    if not rows:
        return ["No nodes."]
    heads = ["NAME", "STATUS", "ZONE", "CPU", "", "MEMORY", "", "REPLICAS"]
    more = ["LIMITS", "OTHERS", "TAINTS", "LABELS"] if wide else []
    return columns(heads + more, [_node(row, wide) for row in rows], paint)


def _node(row: NodeView, wide: bool) -> list[Cell | str]:
    cells: list[Cell | str] = [
        row.name,
        Cell(row.status, status_style(row.status)),
        row.zone,
        _gauge(row.cpu_used_millicores, row.cpu_millicores),
        f"{format_cpu(row.cpu_used_millicores)} of {format_cpu(row.cpu_millicores)}",
        _gauge(row.memory_used_bytes, row.memory_bytes),
        f"{memory(row.memory_used_bytes)} of {memory(row.memory_bytes)}",
        str(row.replicas),
    ]
    if wide:
        cells += [
            _limits(row),
            ", ".join(f"{used} of {has} {name}" for name, (used, has) in row.others.items())
            or NONE,
            ",".join(row.taints) or NONE,
            ",".join(f"{key}={row.labels[key]}" for key in sorted(row.labels)) or NONE,
        ]
    return cells


def _limits(row: NodeView) -> str:
    """What replicas with limits may use together, beside what is reserved."""
    if not (row.cpu_limit_millicores or row.memory_limit_bytes):
        return NONE
    return f"{format_cpu(row.cpu_limit_millicores)} CPU, {memory(row.memory_limit_bytes)}"


def _gauge(used: int, capacity: int) -> Cell:
    text = f"{bar(used, capacity)} {share(used, capacity):>4}"
    return Cell(text, "red" if used > capacity else "cyan")


def memory(amount: int) -> str:
    """Whole Mi where that loses nothing worth showing: `7812Mi`, not `8191737856`."""
    return format_memory(amount // MIB * MIB if amount >= MIB else amount)


def events(rows: Sequence[EventView], paint: Paint, *, wide: bool = False) -> list[str]:
    """`orch events`, oldest first."""
    if not rows:
        return ["No events."]
    heads = ["TIME", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    return columns((["SERIAL"] if wide else []) + heads, [_event(row, wide) for row in rows], paint)


def _event(row: EventView, wide: bool) -> list[Cell | str]:
    style = "yellow" if row.type == "Warning" else ""
    cells: list[Cell | str] = [
        clock(row.time), Cell(row.type, style), Cell(row.reason, style), row.object, row.message,
    ]  # fmt: skip
    return [str(row.serial), *cells] if wide else cells


def event_line(row: EventView, paint: Paint) -> str:
    """One event as it happens, for columns that nobody can align in advance."""
    style = "yellow" if row.type == "Warning" else ""
    reason = paint(f"{row.reason:<16}", style)
    return f"{paint(clock(row.time), 'dim')}  {reason}  {row.object:<18}  {row.message}"


def clock(epoch_s: float) -> str:
    """Local time of day with milliseconds: `14:03:21.250`."""
    whole, milliseconds = divmod(round(epoch_s * 1000), 1000)
    return f"{time.strftime('%H:%M:%S', time.localtime(whole))}.{milliseconds:03}"
