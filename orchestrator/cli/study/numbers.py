"""A study's outcome as numbers: the same bytes for the same study and seeds."""

from dataclasses import asdict
from typing import Any, Final

from orchestrator.core.study import Presence, nines, thinned
from orchestrator.manifest.study import Study
from orchestrator.runtime.studying import Record

__all__ = ["name_of", "numbers"]

POINTS: Final = 240
WARNINGS: Final = 500
DIGITS: Final = 6
SERVICES: Final = 200
"""Services told one by one; a trace has more, and each is one replica."""


def name_of(record: Record) -> str:
    """What a run is called: its strategy."""
    return record.run.strategy or "as declared"


def numbers(study: Study, records: list[Record]) -> dict[str, Any]:
    """All runs, and what they were runs of. Times are seconds, sizes millicores and bytes."""
    return {
        "study": study.spec.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "nodes": len(study.nodes),
        "services": len(study.services) or len(study.rows),
        "runs": [_run(record) for record in records],
    }


def _run(record: Record) -> dict[str, Any]:
    found = asdict(record.figures)
    services = found.pop("services")
    return {
        "strategy": name_of(record),
        "seed": record.run.seed,
        "looks_every_s": _rounded(record.every_s),
        **{key: _rounded(value) for key, value in found.items()},
        "nines": _rounded(nines(found["availability"])),
        "services": {
            name: _presence(record.presence[name]) for name in sorted(services)[:SERVICES]
        },
        "events": dict(sorted(record.reasons.items())),
        "node_losses": [{"at_s": _rounded(at), "what": what} for at, what in record.losses],
        "warnings": [
            {"at_s": _rounded(at), "reason": each.reason, "object": each.object,
             "message": each.message}
            for at, each in record.warnings[:WARNINGS]
        ],
        "series": [
            {key: _rounded(value) for key, value in asdict(each).items()}
            for each in thinned(record.looks, POINTS)
        ],
    }  # fmt: skip


def _presence(presence: Presence) -> dict[str, Any]:
    return {
        "availability": _rounded(presence.available),
        "nines": _rounded(nines(presence.available)),
        "completeness": _rounded(presence.complete),
        "looks": presence.looks,
    }


def _rounded(value: Any) -> Any:
    return round(value, DIGITS) if isinstance(value, float) else value
