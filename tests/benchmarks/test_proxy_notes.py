"""What notes cost, from what requests took phase by phase."""

import json
from pathlib import Path

import pytest

from benchmarks.proxy_load import LoadError
from benchmarks.proxy_notes import read, shares_of
from benchmarks.switching_worker import FILE


def test_each_turn_is_compared_with_itself() -> None:
    """The machine is twice as slow in the second turn, and the third was disturbed."""
    phases = {
        "none": [18.0, 36.0, 18.0],
        "numbers": [18.0, 36.0, 90.0],
        "combined": [20.0, 40.0, 18.0],
        "json": [24.0, 48.0, 90.0],
    }

    shares = shares_of(phases)

    assert shares == pytest.approx({"numbers": 0.0, "combined": 10.0, "json": 25.0})


@pytest.mark.parametrize("phases", [None, {"none": [18.0], "numbers": [18.5], "json": [20.0]}])
def test_a_way_without_a_phase_is_an_error_that_names_it(
    tmp_path: Path, phases: dict[str, list[float]] | None
) -> None:
    """On a machine that is too slow for it, say."""
    if phases is not None:
        (tmp_path / FILE).write_text(json.dumps(phases))

    with pytest.raises(LoadError, match="combined"):
        read(tmp_path)
