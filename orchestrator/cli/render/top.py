"""The table of `top`: a line for each service, below it one for each of its replicas."""

from orchestrator.cli.render.columns import Cell, Row, columns
from orchestrator.cli.render.tables import MIB, NONE, memory
from orchestrator.cli.render.words import status_style
from orchestrator.cli.terminal import Paint
from orchestrator.model.quantity import format_cpu
from orchestrator.model.views import StatsView, TrafficView

HEADS = ("NAME", "RPS", "IN-FLIGHT", "P50", "P99", "5XX", "RETRIES", "CPU", "MEMORY")
MORE = ("P90", "P99.9", "IN", "OUT", "STATUS")


def traffic(view: StatsView, paint: Paint, *, wide: bool = False) -> list[str]:
    """`orch top`. Rates are per second."""
    if not view.services:
        return ["No services."]
    rows: list[Row] = []
    for service in view.services:
        rows.append(_row(Cell(service.name, "bold"), service, None, wide))
        rows += [
            _row(Cell(f"  {one.name}"), one, Cell(one.status, status_style(one.status)), wide)
            for one in service.replicas
        ]
    return columns(HEADS + (MORE if wide else ()), rows, paint)


def _row(name: Cell, one: TrafficView, status: Cell | None, wide: bool) -> Row:
    cells: list[Cell | str] = [
        name,
        rate(one.requests_per_s),
        str(one.in_flight),
        latency(one.p50_s),
        latency(one.p99_s),
        Cell(f"{rate(one.errors_per_s)}/s", "red" if one.errors_per_s else ""),
        Cell(f"{rate(one.retries_per_s)}/s", "yellow" if one.retries_per_s else ""),
        NONE if one.cpu_millicores is None else format_cpu(one.cpu_millicores),
        NONE if one.memory_bytes is None else memory(one.memory_bytes),
    ]
    if wide:
        flows = (flow(one.bytes_in_per_s), flow(one.bytes_out_per_s))
        cells += [latency(one.p90_s), latency(one.p999_s), *flows, status or ""]
    return cells


def rate(per_second: float) -> str:
    """`0`, `0.5`, `42.0`, `1234`."""
    return f"{per_second:.1f}" if 0 < per_second < 99.95 else f"{per_second:.0f}"


def flow(bytes_per_s: float) -> str:
    """`0Ki/s`, `51.2Ki/s`, `3.4Mi/s`."""
    if bytes_per_s >= MIB:
        return f"{rate(bytes_per_s / MIB)}Mi/s"
    return f"{rate(bytes_per_s / 1024)}Ki/s"


def latency(seconds: float | None) -> str:
    """Three digits: `0.45ms`, `12.3ms`, `123ms`, `1.23s`."""
    if seconds is None:
        return NONE
    ms = seconds * 1000
    if ms >= 999.5:
        return f"{seconds:.2f}s"
    return f"{ms:.2f}ms" if ms < 9.995 else f"{ms:.1f}ms" if ms < 99.95 else f"{ms:.0f}ms"
