"""A few of the seeds; `make simulate` runs a thousand, `python -m tests.simulation` as many as
one likes."""

import os
import subprocess
import sys

import pytest

from tests.simulation.run import simulate

SEEDS = 60


@pytest.mark.parametrize("first", range(0, SEEDS, 10))
def test_no_seed_breaks_an_invariant(first: int) -> None:
    for seed in range(first, first + 10):
        outcome = simulate(seed)
        again = f"again: python -m tests.simulation --seed {seed}"
        assert not outcome.broken, f"{outcome.broken}; {again}"
        assert outcome.virtual_s > 20


# These broke an invariant once: what was found is in `tests/runtime`.
@pytest.mark.parametrize("seed", [24, 544, 1250, 1778, 1992, 2619, 2936])
def test_seeds_that_broke_once_stay_whole(seed: int) -> None:
    assert simulate(seed).broken == ""


def test_a_seed_does_the_same_again_in_any_process() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seed", "30"]
    told = [
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": str(hashing)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hashing in (1, 2)
    ]
    assert told[0] == told[1]
    assert simulate(30).digest in told[0]


def test_a_broken_invariant_is_told_with_the_command_that_shows_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A controller that forgets the surge is found out, and the seed that did it is named."""
    monkeypatch.setattr("orchestrator.core.rollout.surge", lambda replicas: replicas)
    monkeypatch.setattr(sys, "argv", ["simulation", "--runs", "40", "--jobs", "1"])
    from tests.simulation.__main__ import main

    assert main() == 1
    told = capsys.readouterr().out
    assert "slots are double" in told
    assert "again: python -m tests.simulation --seed " in told
