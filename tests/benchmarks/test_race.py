"""The race's report: aims, tables and picture from samples."""

from xml.etree import ElementTree

import pytest

from benchmarks.proxy import Result
from benchmarks.proxy_cases import CASES, MAIN, TWO_WORKERS
from benchmarks.race import Rows, report
from benchmarks.spread import Spread


def figures(*cpu_us: float) -> dict[str, Spread]:
    one = Spread((1.0,))
    return {
        "cpu_us": Spread(cpu_us), "requests_s": one, "p50_ms": one, "p99_ms": one, "rss_mb": one,
    }  # fmt: skip


def verdicts(
    found: dict[str, Rows], notes: dict[str, list[float]] | None = None
) -> dict[str, bool | None]:
    return {row.what: row.met for row in report(found, Result(), notes or {}).rows}


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert len({case.title for case in CASES}) == len(CASES)


@pytest.mark.parametrize(("ours_us", "met"), [(14.0, True), (14.2, False)])
def test_the_plain_request_costs_no_more_than_nginx_at_most(ours_us: float, met: bool) -> None:
    rows = {"nginx": figures(14.1), "envoy": figures(33.0), "orch": figures(ours_us)}

    found = verdicts({MAIN.name: rows})

    assert found["bare request, 1 KB: CPU, against nginx"] is met
    assert found["bare request, 1 KB: CPU, against envoy"] is True


@pytest.mark.parametrize(("second_us", "met"), [(11.0, True), (12.5, False)])
def test_what_a_second_worker_is_worth_is_seen_by_the_rounds(second_us: float, met: bool) -> None:
    """Each round is compared with itself: the last one here was disturbed."""
    rows = {
        "nginx": figures(10.0, 10.0, 30.0),
        "nginx × 2": figures(20.0, 20.0, 60.0),
        "orch": figures(10.0, 10.0, 30.0),
        "orch × 2": figures(second_us, second_us, 33.0),
    }

    found = verdicts({TWO_WORKERS: rows})

    assert found["orch, two workers: CPU a request, × one worker's"] is met
    assert found["nginx, two workers: CPU a request, × one worker's"] is None


def test_what_a_request_leaves_behind_is_a_tenth_of_its_cpu_at_most() -> None:
    """The median run counts."""
    found = verdicts(
        {}, {"numbers": [3.0], "combined": [9.0, 10.0, 30.0], "json": [9.0, 10.1, 10.2]}
    )

    assert found == {
        "numbers, of the CPU of a request": True,
        "numbers and access log (combined), of the CPU of a request": True,
        "numbers and access log (json), of the CPU of a request": False,
    }


def test_all_contestants_are_in_tables_and_picture() -> None:
    names = ("nginx", "haproxy", "envoy", "traefik", "caddy", "bare", "orch")
    found = report({MAIN.name: {name: figures(10.0) for name in names}}, Result(), {})

    picture = "".join(ElementTree.fromstring(found.picture).itertext())

    (table,) = found.comparisons
    assert [line[0] for line in table.lines] == [*names]
    assert all(name in picture for name in names)
