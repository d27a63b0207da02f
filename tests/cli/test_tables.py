"""Tables: views in, lines out."""

import re

import pytest

from orchestrator.cli.render import tables, words
from orchestrator.cli.render.columns import Cell, Row, columns
from orchestrator.cli.render.explain import explanations
from orchestrator.cli.render.plan import plan
from orchestrator.cli.terminal import coloured, plain
from orchestrator.model.views import ExplainView, VerdictView
from tests.cli.views import event, node, replica, service


def test_columns_are_aligned_and_not_cut() -> None:
    """Each as wide as its widest cell; no blanks at the end."""
    rows: list[Row] = [["a", Cell("long enough"), "x"], ["bbbb", Cell("c"), ""]]
    assert columns(("N", "TEXT", "END"), rows, plain) == [
        "N      TEXT          END",
        "a      long enough   x",
        "bbbb   c",
    ]


def test_colour_does_not_shift_columns() -> None:
    """The same text, once its colours are taken away."""
    rows: list[Row] = [[Cell("Ready", "green"), "x"], [Cell("Pending", "yellow"), "y"]]
    painted = columns(("STATUS", "N"), rows, coloured)
    assert "\x1b[32mReady\x1b[0m" in painted[1]
    assert [re.sub(r"\x1b\[\d*m", "", line) for line in painted] == columns(
        ("STATUS", "N"), rows, plain
    )


def test_ps() -> None:
    """kubectl's columns; below, why one is not ready."""
    pending = replica(
        "web-2", "Pending", node=None, zone=None, id=None, reason="0/1 nodes are available: x."
    )
    assert tables.replicas([replica(), pending], plain) == [
        "NAME    READY   STATUS    RESTARTS   AGE   NODE     ZONE",
        "web-1   yes     Ready     0          61s   node-1   a",
        "web-2   no      Pending   0          -     -        -",
        "",
        "web-2 Pending: 0/1 nodes are available: x.",
    ]


def test_ps_wide() -> None:
    """Six more; ids as short as Docker shows them."""
    head, row = tables.replicas([replica(last_exit="OOMKilled (137)")], plain, wide=True)
    assert head.split()[7:] == ["ATTEMPT", "REVISION", "ID", "ENDPOINT", "LAST-EXIT"]
    assert row.split()[7:] == [
        "1", "r1", "0123456789ab", "172.18.0.2:8000", "OOMKilled", "(137)",
    ]  # fmt: skip


def test_services() -> None:
    """As kubectl's deployments."""
    assert tables.services([service(desired=3, ready=2)], plain) == [
        "NAME   READY   UP-TO-DATE   AVAILABLE   STATUS        ADDRESS",
        "web    2/3     2            2           Progressing   http://127.0.0.1:8080",
    ]


def test_a_paused_service() -> None:
    (_, row) = tables.services([service(paused=True)], plain)
    assert row.split()[4] == "Ready,Paused"


def test_nodes() -> None:
    """A bar for each resource; a full node shows as full, one that holds more than it has too."""
    over = node("node-2", cpu_used_millicores=2500, memory_used_bytes=0, replicas=1)
    assert tables.nodes([node(), over], plain) == [
        "NAME     STATUS   ZONE   CPU                            MEMORY"
        "                             REPLICAS",
        "node-1   Ready    a      ████████░░  75%   750m of 1    ████░░░░░░  37%"
        "   192Mi of 512Mi   3",
        "node-2   Ready    a      ██████████ 250%   2500m of 1   ░░░░░░░░░░   0%"
        "   0 of 512Mi       1",
    ]


def test_nodes_wide() -> None:
    """Limits beside what is reserved, other resources, what keeps replicas off."""
    row = node(
        cpu_limit_millicores=1500,
        memory_limit_bytes=2**30,
        others={"gpu": (1, 2)},
        taints=("gpu=yes:NoSchedule",),
    )
    head, line = tables.nodes([row], plain, wide=True)
    assert head.split()[6:] == ["LIMITS", "OTHERS", "TAINTS", "LABELS"]
    assert "3          1500m CPU, 1Gi   1 of 2 gpu   gpu=yes:NoSchedule" in line


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (tables.replicas, "No replicas."),
        (tables.services, "No services."),
        (tables.nodes, "No nodes."),
        (tables.events, "No events."),
    ],
)
def test_nothing_is_said_to_be_nothing(table: object, text: str) -> None:
    """Rather than heads alone."""
    assert table([], plain) == [text]  # type: ignore[operator]


def test_events_have_a_time_of_day() -> None:
    """To the millisecond; rounding may carry."""
    assert tables.clock(59.9996).endswith(":00.000")
    line = tables.event_line(event("replica/web-1", "ready", reason="Ready"), plain)
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.250  Ready +  replica/web-1 +  ready", line)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.9, "0s"), (119, "119s"), (120, "2m"), (312, "5m12s"), (700, "11m"), (3600, "1h"),
        (11_040, "3h4m"), (86_400, "1d"), (183_600, "2d3h"),
    ],
)  # fmt: skip
def test_ages(seconds: float, text: str) -> None:
    """kubectl's."""
    assert words.age(seconds) == text


@pytest.mark.parametrize(
    ("used", "full"), [(0, 0), (1, 1), (499, 5), (500, 5), (501, 6), (1000, 10), (2000, 10)]
)
def test_bars_round_up(used: int, full: int) -> None:
    """What is used shows, what is more than all still fits."""
    assert words.bar(used, 1000) == "█" * full + "░" * (10 - full)


def test_a_bar_of_nothing() -> None:
    """No division by zero."""
    assert words.bar(0, 0) == "░" * 10
    assert words.share(0, 0) == "0%"


def test_explain() -> None:
    """Chosen first; scores only where it fits."""
    fits = VerdictView(
        node="n1", zone="a", fits=True, reason="", cpu_score=75, memory_score=37.5, total=137,
        chosen=True,
    )  # fmt: skip
    full = VerdictView(
        node="n2", zone="b", fits=False, reason="Insufficient cpu", cpu_score=0, memory_score=0,
        total=0, chosen=False,
    )  # fmt: skip
    view = ExplainView(
        name="web-1", status="Ready", node="n1", reason="", strategy="binpack",
        verdicts=(fits, full),
    )  # fmt: skip
    assert explanations([view], plain) == [
        "web-1 is Ready on n1 (strategy: binpack)",
        "  NODE   ZONE   FITS   REASON             CPU   MEMORY   TOTAL   CHOSEN",
        "  n1     a      yes    -                  75    37.5     137     <--",
        "  n2     b      no     Insufficient cpu   -     -        -",
    ]


def test_a_plan_is_coloured_by_its_symbols() -> None:
    """And by nothing else: a bar with an arrow in it stays as it is."""
    text = (
        "Services:\n  + service web\n      replicas: 1 -> 2\n  - web-2\n  ~ web-3\nPlan: 1 to add."
    )
    lines = plan(text, coloured)
    assert [line[:5] for line in lines] == [
        "Servi", "\x1b[32m", "     ", "\x1b[31m", "\x1b[33m", "\x1b[1mP",
    ]  # fmt: skip
    assert plan(text, plain) == text.splitlines()
