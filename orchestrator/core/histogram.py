"""Durations counted in log-linear buckets: percentiles of any number of them, in small memory.

As HdrHistogram does (Gil Tene, http://hdrhistogram.org): every power of two of a second is cut
into 32 equal buckets, so a bucket is as wide as 1/32 of its values at most. From 1 µs to 68
minutes that is 1,024 buckets; only those in use take room. Histograms of several workers, and of
several periods, add up bucket by bucket.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, ldexp
from typing import Any, Final

RELATIVE_ERROR: Final = 1 / 64
"""Of a percentile: half a bucket at the lower end of a power of two."""

LEAST_S: Final = 2.0**-20
MOST_S: Final = 2.0**12
"""What is shorter or longer counts as the shortest or the longest."""

_PER_OCTAVE: Final = 32
_FIRST: Final = -19 * _PER_OCTAVE + _PER_OCTAVE  # where `frexp` puts LEAST_S
LAST_BUCKET: Final = _PER_OCTAVE * 32 - 1


def bucket_of(seconds: float) -> int:
    """The bucket a duration belongs to, from 0 to `LAST_BUCKET`."""
    if not LEAST_S <= seconds < MOST_S:
        return LAST_BUCKET if seconds >= MOST_S else 0
    # As `frexp` cuts it, exactly. Most requests take milliseconds, a few steps: compiled 0.09 µs,
    # with the call 0.26; interpreted as much as the call.
    fraction, exponent = seconds * 256.0, -8
    while fraction >= 1.0:
        fraction *= 0.5
        exponent += 1
    while fraction < 0.5:
        fraction *= 2.0
        exponent -= 1
    return exponent * _PER_OCTAVE + int(fraction * 64.0) - _FIRST


def middle_of(bucket: int) -> float:
    """The duration, in seconds, that stands for all in the bucket."""
    exponent, place = divmod(bucket + _FIRST - _PER_OCTAVE, _PER_OCTAVE)
    return ldexp((_PER_OCTAVE + place + 0.5) / 64.0, exponent)


class Histogram:
    """How often durations fell into each bucket, and their sum in seconds."""

    __slots__ = ("buckets", "sum_s")

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.sum_s = 0.0

    def record(self, seconds: float) -> None:
        """Count one duration."""
        bucket = bucket_of(seconds)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.sum_s += seconds

    @classmethod
    def of(cls, counts: Sequence[int], sum_s: float) -> "Histogram":
        """What a list of the counts of all buckets says."""
        histogram = cls()
        histogram.buckets = {bucket: count for bucket, count in enumerate(counts) if count}
        histogram.sum_s = sum_s
        return histogram

    @property
    def total(self) -> int:
        """How many were counted."""
        return sum(self.buckets.values())

    def add(self, other: "Histogram") -> None:
        """Count all that `other` counted."""
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        self.sum_s += other.sum_s

    def since(self, earlier: "Histogram") -> "Histogram":
        """What was counted after `earlier`, a state of this very histogram.

        If it cannot be one, counting began anew in between: all of it is new.
        """
        new = Histogram()
        for bucket in self.buckets.keys() | earlier.buckets.keys():
            count = self.buckets.get(bucket, 0) - earlier.buckets.get(bucket, 0)
            if count < 0:
                new = Histogram()
                new.add(self)
                return new
            if count:
                new.buckets[bucket] = count
        new.sum_s = max(0.0, self.sum_s - earlier.sum_s)
        return new

    def percentiles(self, shares: Iterable[float]) -> list[float | None]:
        """For each share (0.99: p99) the duration in seconds that so many do not exceed.

        By nearest rank, within `RELATIVE_ERROR`; None while nothing was counted.
        """
        return [self._percentile(share) for share in shares]

    def _percentile(self, share: float) -> float | None:
        rank, seen = max(1, ceil(share * self.total)), 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                return middle_of(bucket)
        return None

    def up_to(self, bounds_s: Iterable[float]) -> list[int]:
        """For each bound how many durations do not exceed it, as far as buckets tell."""
        counted = [(middle_of(bucket), count) for bucket, count in self.buckets.items()]
        return [sum(count for middle, count in counted if middle <= bound) for bound in bounds_s]

    def to_json(self) -> dict[str, Any]:
        """Only buckets in use; adding two such values number by number adds the histograms."""
        return {"sum_s": self.sum_s, "buckets": {str(k): n for k, n in self.buckets.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Histogram":
        """What `to_json` gave, or an empty one of `{}`."""
        histogram = cls()
        histogram.sum_s = data.get("sum_s", 0.0)
        for bucket, count in data.get("buckets", {}).items():
            histogram.buckets[int(bucket)] = count
        return histogram
