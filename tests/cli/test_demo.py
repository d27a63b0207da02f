"""The demo, on processes: all of it real, every figure measured."""

import json
import re
import signal
from pathlib import Path

import pytest

from tests.cli.orch import Orch
from tests.support.wait import eventually


@pytest.mark.parametrize("engine", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_the_demo(engine: str, state_dir: Path) -> None:
    """Next to no failed request while replicas are scaled and killed; nothing left afterwards."""
    orch = Orch(state_dir)
    done = orch.run("demo", "--engine", engine, "--fast", "-o", "json")
    figures = json.loads(done.stdout)
    assert figures["engine"] == engine
    # An answer that is half written when its replica is killed cannot be saved.
    assert figures["failed"] <= len(figures["recoveries"])
    assert figures["requests"] > 100
    assert figures["left"] == []
    assert len(figures["recoveries"]) == 3
    for one in figures["recoveries"]:
        assert 0 < one["noticed_s"] <= one["started_s"] <= one["ready_s"] < 60
    for command in ("orch up -f manifests/", "orch scale web=6 --wait", "orch kill web-2"):
        assert f"$ {command}" in done.stderr
    assert re.search(r"nothing is left", done.stderr)
    assert not list(state_dir.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo(number: signal.Signals, state_dir: Path) -> None:
    """In the middle of it: everything is taken down, and it says that it looked."""
    with Orch(state_dir).begun("demo", "--engine", "process") as process:
        assert process.stdout is not None
        eventually(lambda: "requests a second" in process.stdout.readline(), timeout=60)  # type: ignore[union-attr]
        process.send_signal(number)
        told, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "nothing is left" in told
