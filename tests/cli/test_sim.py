"""`orch sim run`: a study runs in virtual time and leaves its report."""

import json
import shutil
from typing import Any

import pytest

from tests.cli.orch import Orch

SERVICES = """
kind: Service
name: web
image: app:1
port: 8000
replicas: 4
resources: {requests: {cpu: 500m, memory: 256Mi}}
probes: {readiness: {path: /healthz, period: 5s}}
proxy: {listen: 8080}
"""
STUDY = """
kind: Study
name: small
duration: 10m
seeds: [7]
strategies: [binpack, spread]
workload: {manifests: m.yaml}
cluster: [{count: 4, cpu: 2, memory: 2Gi}]
faults: {meanLife: 2m, nodeMeanLife: 30m, nodeOutage: 1m}
happenings:
  - {at: 3m, do: scale, service: web, replicas: 6}
  - {at: 4m, do: drain, node: node-1}
  - {at: 5m, do: uncordon, node: node-1}
  - {at: 6m, do: kill, service: web, replicas: 2}
  - {at: 7m, do: restart, service: web}
  - {at: 8m, do: engineDown}
  - {at: 8m30s, do: engineUp}
"""
TRACE = """
kind: Study
name: small
duration: 5m
workload: {trace: {file: a.csv}}
cluster: [{count: 3, cpu: 1, memory: 1Gi}]
"""


def study(orch: Orch, text: str) -> str:
    (orch.state_dir / "m.yaml").write_text(SERVICES)
    (orch.state_dir / "a.csv").write_text(
        "name,cpu_millicores,memory_mib,arrival,departure\n"
        "a,600,64,0,120\nb,600,64,60,\nc,600,64,180,240\n"
    )
    (orch.state_dir / "study.yaml").write_text(text)
    return "study.yaml"


def numbers(orch: Orch, folder: str) -> Any:
    return json.loads((orch.state_dir / folder / "numbers.json").read_text())


def test_a_study_compares_strategies_and_tells_what_happened(orch: Orch) -> None:
    told = orch.quick("sim", "run", study(orch, STUDY))
    assert [line.split()[0] for line in told.splitlines()[:3]] == ["STRATEGY", "binpack", "spread"]
    assert told.endswith("report: small-report/\n")
    binpack, spread = numbers(orch, "small-report")["runs"]
    assert binpack["nodes_mean"] < spread["nodes_mean"]
    assert {"Scaled", "Draining", "Restarting", "Ready"} <= binpack["events"].keys()
    assert binpack["warnings"]
    wanted = {each["at_s"]: each["wanted"] for each in binpack["series"]}
    assert (wanted[60.0], wanted[600.0]) == (4, 6)
    assert 0 < binpack["ready_share"] < 1
    assert {"availability", "nines", "completeness"} <= binpack["services"]["web"].keys()
    page = (orch.state_dir / "small-report" / "report.html").read_text()
    assert page.count("<svg") == 7
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert not (orch.state_dir / orch.project).exists()


def test_the_same_seed_leaves_the_same_bytes_in_whatever_process(orch: Orch) -> None:
    path = study(orch, STUDY)
    for hashing in ("1", "2"):
        orch("sim", "run", path, "--out", hashing, PYTHONHASHSEED=hashing)
    for name in ("numbers.json", "report.html"):
        first, second = ((orch.state_dir / each / name).read_bytes() for each in "12")
        assert first == second
    (orch.state_dir / path).write_text(STUDY.replace("[7]", "[8]"))
    orch.quick("sim", "run", path, "--out", "3")
    assert numbers(orch, "3")["runs"] != numbers(orch, "1")["runs"]


def test_replicas_of_a_trace_come_and_go(orch: Orch) -> None:
    orch.quick("sim", "run", study(orch, TRACE))
    [run] = numbers(orch, "small-report")["runs"]
    wanted = {each["at_s"]: each["wanted"] for each in run["series"]}
    assert [wanted[second] for second in (50.0, 100.0, 150.0, 200.0, 300.0)] == [1, 2, 1, 2, 1]
    assert run["nodes_peak"] == 2
    assert run["availability"] == 1.0


def test_rebalancing_again_and_again_frees_nodes(orch: Orch) -> None:
    rebalanced = TRACE + "happenings: [{at: 130s, every: 1m, do: rebalance}]\n"
    trace = "name,cpu_millicores,memory_mib,arrival,departure\n"
    path = study(orch, rebalanced)
    (orch.state_dir / "a.csv").write_text(trace + "a,600,64,0,120\nb,600,64,0,\nc,300,64,0,\n")
    orch.quick("sim", "run", path)
    [run] = numbers(orch, "small-report")["runs"]
    nodes = {each["at_s"]: each["nodes"] for each in run["series"]}
    assert (nodes[50.0], nodes[126.0], nodes[300.0]) == (2, 2, 1)
    assert run["events"]["Moved"] == 1
    page = (orch.state_dir / "small-report" / "report.html").read_text()
    assert "2m10s: rebalance, every 60s" in page


def test_a_study_that_cannot_be_is_refused_with_its_place(orch: Orch) -> None:
    path = study(orch, STUDY.replace("node: node-1", "node: node-9", 1))
    told = orch.quick("sim", "run", path, code=1)
    assert "study.yaml:12:31: happenings[1].node: there is no node 'node-9'" in told
    assert not (orch.state_dir / "small-report").exists()


@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here")
def test_pictures_are_drawn_by_a_browser(orch: Orch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "orchestrator.cli.study.report.pictures",
        lambda _: {"one": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"></svg>'},
    )
    orch.quick("sim", "run", study(orch, TRACE), "--png")
    assert (orch.state_dir / "small-report" / "one.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_browser_pictures_are_refused_before_anything_runs(orch: Orch) -> None:
    told = orch.run("sim", "run", study(orch, TRACE), "--png", code=2, PATH="/nowhere").stderr
    assert "--png needs a Chromium" in told
    assert not (orch.state_dir / "small-report").exists()


def test_the_schema_of_studies(orch: Orch) -> None:
    assert "workload" in orch.json("schema", "study")["properties"]
