"""Workloads written down: who asked for how much, from when to when."""

from dataclasses import dataclass

__all__ = ["TraceRow"]


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One replica of a trace. Times are seconds; `departure` None: it stays."""

    name: str
    cpu_millicores: int
    memory_mib: int
    arrival: float = 0.0
    departure: float | None = None
