"""What replicas use: from their control groups, else summed over their sessions."""

from collections.abc import Iterable, Mapping

from orchestrator.engines.process import cgroup, identity
from orchestrator.engines.process.ledger import Entry
from orchestrator.model.launch import Usage


def measure(entries: Iterable[Entry]) -> dict[str, Usage]:
    """Usage by engine id. Without control groups it is that of processes alive now (and of their
    children that were waited for), memory shared between them counted for each."""
    found: dict[str, Usage] = {}
    rest: list[Entry] = []
    for entry in entries:
        if (used := _of_group(entry)) is not None:
            found[entry.engine_id] = used
        else:
            rest.append(entry)
    if rest:
        sessions = _of_sessions()
        found |= {
            entry.engine_id: sessions[entry.claim.keeper.pid]
            for entry in rest
            if entry.claim is not None and entry.claim.keeper.pid in sessions
        }
    return found


def _of_group(entry: Entry) -> Usage | None:
    seconds = cgroup.cpu_seconds(entry.record.cgroups)
    memory = cgroup.memory_bytes(entry.record.cgroups)
    if seconds is None or memory is None:
        return None
    return Usage(seconds, memory)


def _of_sessions() -> Mapping[int, Usage]:
    sums: dict[int, Usage] = {}
    for stat in identity.every_stat():
        before = sums.get(stat.session, Usage(0.0, 0))
        sums[stat.session] = Usage(
            before.cpu_seconds + stat.cpu_seconds, before.memory_bytes + stat.memory_bytes
        )
    return sums
