"""The folder that a study leaves: numbers, a page, and pictures if wanted."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

from orchestrator.cli.exits import UsageError
from orchestrator.cli.formats import Format, dump
from orchestrator.cli.render import html
from orchestrator.cli.render.words import age
from orchestrator.cli.study.numbers import name_of, numbers
from orchestrator.cli.study.pictures import pictures
from orchestrator.core.study import nines
from orchestrator.manifest.study import Study
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.study import HappeningSpec
from orchestrator.runtime.studying import Record

__all__ = ["HEADS", "browser", "rows", "write", "write_png"]

NUMBERS: Final = "numbers.json"
PAGE: Final = "report.html"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
DRAWN_WITHIN_S: Final = 60
HEADS: Final = (
    "STRATEGY", "SEED", "NODES", "PEAK", "BOUND", "RATIO", "CPU", "MEMORY", "READY",
    "AVAILABILITY", "NINES", "PENDING", "WARNINGS",
)  # fmt: skip


def rows(records: list[Record]) -> list[list[str]]:
    """A line for each run."""
    return [_row(record) for record in records]


def _row(record: Record) -> list[str]:
    found = record.figures
    return [
        name_of(record), str(record.run.seed), f"{found.nodes_mean:.2f}", str(found.nodes_peak),
        f"{found.bound_mean:.2f}", f"{found.ratio:.3f}", f"{found.cpu_share:.1%}",
        f"{found.memory_share:.1%}", f"{found.ready_share:.2%}", f"{found.availability:.4%}",
        f"{nines(found.availability):.1f}", str(found.pending_peak), str(len(record.warnings)),
    ]  # fmt: skip


def write(folder: Path, study: Study, records: list[Record]) -> dict[str, str]:
    """Numbers and page; the pictures by name. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    text = dump(numbers(study, records), Format.JSON)
    (folder / NUMBERS).write_text(text + "\n", encoding="utf-8")
    drawn = pictures(records)
    (folder / PAGE).write_text(_page(study, records, drawn), encoding="utf-8")
    return drawn


def _page(study: Study, records: list[Record], drawn: Mapping[str, str]) -> str:
    spec = study.spec
    what = len(study.services) or len(study.rows)
    kind = "services" if study.services else "rows of a trace"
    about = (
        f"{what} {kind} on {len(study.nodes)} nodes, "
        f"{age(spec.duration_s)} of virtual time, {len(records)} runs of a whole controller."
    )
    figures = [f"<figure>{svg}</figure>" for svg in drawn.values()]
    happened = [_happened(each) for each in spec.happenings]
    return html.page(
        f"Study {spec.name}",
        [
            html.paragraphs([about]),
            html.table(
                [head if head == "CPU" else head.capitalize() for head in HEADS], rows(records)
            ),
            html.paragraphs(_NOTES),
            *([html.paragraphs(["What happened:", *happened])] if happened else []),
            f"<h2>Runs with seed {records[0].run.seed}</h2>",
            *figures,
            "<h2>Services</h2>",
            _services(records),
            "<h2>Events</h2>",
            _events(records),
            f"<details><summary>The study</summary><pre>{escape(_text(study))}</pre></details>",
        ],
    )


def _happened(what: HappeningSpec) -> str:
    """`45m: scale web`, `30m: rebalance, every 10m`."""
    words = " ".join(each for each in (what.do, what.service, what.node) if each)
    again = f", every {age(what.every_s)}" if what.every_s else ""
    return f"{age(what.at_s)}: {words}{again}"


_NOTES: Final = [
    "Nodes, bound and shares are means over time; the bound is by volume, ratio is nodes over "
    "bound. CPU and memory: requested of the nodes in use. Ready: of the wanted replicas.",
    "Availability: share of the looks, from the first at which a service was completely ready, at "
    "which it had a ready replica; nines: −log₁₀(1 − availability), 9 if it never failed.",
]


def _text(study: Study) -> str:
    return dump(study.spec.model_dump(mode="json", by_alias=True, exclude_unset=True), Format.YAML)


def _services(records: list[Record]) -> str:
    """By strategy, those that were least available first."""
    found = [
        (each.available, [name_of(record), str(record.run.seed), name, f"{each.available:.4%}",
                          f"{nines(each.available):.1f}", f"{each.complete:.2%}"])
        for record in records
        for name, each in sorted(record.presence.items())
    ]  # fmt: skip
    shown = [row for _, row in sorted(found, key=lambda one: one[0])[:40]]
    heads = ("Strategy", "Seed", "Service", "Availability", "Nines", "Replicas ready")
    more = [f"… and {len(found) - 40} more"] if len(found) > 40 else []
    return html.table(heads, shown) + (html.paragraphs(more) if more else "")


def _events(records: list[Record]) -> str:
    reasons = sorted({reason for record in records for reason in record.reasons})
    heads = ["Event", *(f"{name_of(each)}, {each.run.seed}" for each in records)]
    cells = [[reason, *(str(each.reasons[reason]) for each in records)] for reason in reasons]
    return html.table(heads, cells)


# -- pictures as pixels ---------------------------------------------------------------------------


def browser() -> str:
    """A Chromium. Raises `UsageError` if there is none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise UsageError(
            f"--png needs a Chromium, and none of {', '.join(BROWSERS)} is there",
            remedy="install one, or leave --png out: the page has the same pictures",
        )
    return found


def write_png(folder: Path, drawn: Mapping[str, str], program: str) -> None:
    """Each picture as NAME.png. Raises `OrchestratorError` if the browser fails."""
    for name, svg in drawn.items():
        _shoot(program, svg, folder / f"{name}.png")


def _shoot(program: str, svg: str, target: Path) -> None:
    width, height = _extent(svg)
    with tempfile.TemporaryDirectory(prefix="orch-png-") as folder:
        page = Path(folder) / "picture.html"
        page.write_text(f'<!doctype html><meta charset="utf-8"><body style="margin:0">{svg}')
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={folder}/profile", f"--window-size={width},{height}",
            f"--screenshot={target.resolve()}", page.as_uri(),
        ]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=DRAWN_WITHIN_S)
        except (subprocess.SubprocessError, OSError) as error:
            raise OrchestratorError(f"{target}: {program} did not draw it: {error}") from error


def _extent(svg: str) -> tuple[int, int]:
    """Width and height of its viewBox."""
    _, _, width, height = svg.partition('viewBox="')[2].partition('"')[0].split()
    return int(width), int(height)
