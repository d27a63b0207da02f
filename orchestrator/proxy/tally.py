"""Requests that are over, counted: of a service and, the same way, of a replica."""

from collections.abc import Sequence

from orchestrator.core.histogram import LAST_BUCKET, Histogram, bucket_of


class Tally:
    """Counters that only grow."""

    def __init__(self) -> None:
        self._good = 0  # responses of 2xx, which most are
        self._others = [0] * 6  # by first digit of the status
        self.bytes_in = self.bytes_out = 0
        # By bucket. A list, for each request is counted in it: with what `bucket_of` saves, a
        # request takes 0.15 µs to count for service and replica, where with a dict it took 0.42.
        self._durations = [0] * (LAST_BUCKET + 1)
        self._seconds = 0.0

    def count(
        self, status: int, seconds: float, bucket: int, bytes_in: int, bytes_out: int
    ) -> None:
        """One more; `bucket`: that of its `seconds`."""
        self.count_response(status)
        self.bytes_in += bytes_in
        self.bytes_out += bytes_out
        self._durations[bucket] += 1
        self._seconds += seconds

    def count_response(self, status: int) -> None:
        """One more. In the list, each would make an object of a number that grew: 0.03 µs less a
        request."""
        if 200 <= status < 300:
            self._good += 1
        else:
            self._others[status // 100] += 1

    @property
    def responses(self) -> list[int]:
        """By first digit of the status."""
        responses = list(self._others)
        responses[2] = self._good
        return responses

    def count_duration(self, seconds: float) -> None:
        """How long one took that is counted in parts."""
        self._durations[bucket_of(seconds)] += 1
        self._seconds += seconds

    @property
    def durations(self) -> Histogram:
        """How long they took."""
        return Histogram.of(self._durations, self._seconds)


def by_class(counts: Sequence[int]) -> dict[str, int]:
    """Counts by first digit of the status → `{"1xx": …, "5xx": …}`."""
    return {f"{digit}xx": count for digit, count in enumerate(counts) if digit}
