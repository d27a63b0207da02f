"""docs/benchmarks.md: the last figures of each benchmark, with the machine they come from."""

from pathlib import Path
from typing import Final

from benchmarks.report import Report
from benchmarks.sample import ROOT

PAGE: Final = ROOT / "docs" / "benchmarks.md"
BEGIN: Final = "<!-- {name} -->"
END: Final = "<!-- end of {name} -->"
INTRODUCTION: Final = """\
# Benchmarks

`make bench` runs them all, `make bench-proxy` and `make slow` one each; `python -m benchmarks
startup|recovery|idle|proxy|slow|placement|scale [--runs N] [--json FILE] [--write]` some of them.
`--write` replaces the tables below. Peers run in turn with ours, in the same run on the same
machine; each figure is the median of the runs with the least and the largest. What is ours, the
load and the peers share the processors.

`make soak [MINUTES=30]` is no race: the product as a user runs it gets mixed traffic while its
replicas are killed, rolled, added and taken away all the time, and a ledger of what they executed
says whether any request was lost or executed twice. `python -m benchmarks soak --help`: also on
Docker, with more workers, and with proxy workers and the controller killed too (`--chaos all`).

`make bench-pack DATA=DIR` packs the instances and replays the traces in a folder (vectorpack's
format, openb, azure_v1; the data is not part of the project) and checks every placement by a judge.
"""


def write(facts: dict[str, str], reports: list[Report]) -> Path:
    """Put the reports into the page, each in its place; the others' stay. Returns the page."""
    page = PAGE.read_text() if PAGE.exists() else INTRODUCTION
    for report in reports:
        page = _with_section(page, report.name, _section(facts, report) + _picture(report))
    PAGE.write_text(page)
    return PAGE


def _section(facts: dict[str, str], report: Report) -> str:
    measured_on = "; ".join(f"{name}: {value}" for name, value in facts.items())
    return f"{report.markdown()}- Measured on: {measured_on}.\n"


def _picture(report: Report) -> str:
    """Write the picture beside the page; the line that shows it, "" without one."""
    if not report.picture:
        return ""
    path = PAGE.with_name(f"benchmarks-{report.name}.svg")
    path.write_text(report.picture)
    return f"\n![{report.title}]({path.name})\n"


def _with_section(page: str, name: str, section: str) -> str:
    begin, end = BEGIN.format(name=name), END.format(name=name)
    marked = f"{begin}\n{section}{end}\n"
    if begin not in page:
        return f"{page}\n{marked}"
    before, _, rest = page.partition(begin)
    return before + marked + rest.partition(f"{end}\n")[2]
