"""What notes cost, from what requests took phase by phase."""

import pytest

from benchmarks.proxy_notes import shares_of


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
