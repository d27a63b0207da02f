"""The scale benchmark, small: what it counts is what happened."""

import pytest

from benchmarks.scale import measure
from benchmarks.size import Size


def test_it_starts_every_replica_once_and_nothing_the_second_time() -> None:
    found = measure(Size(services=3, replicas=4, nodes=6))
    # One pull, then each replica; of each the events Scheduled and Started, of each service
    # Applied, and the line of the pull.
    assert found["actions"] == 1 + 12
    assert found["events"] == 2 * 12 + 3 + 1
    assert (found["actions again"], found["events again"]) == (0, 0)


def test_sizes_are_read_and_refused() -> None:
    assert Size.parse("1000x100x10000") == Size()
    with pytest.raises(ValueError, match="invalid literal"):
        Size.parse("1000xmanyx10")
