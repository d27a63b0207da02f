"""Whether a process keeps growing. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression
from typing import Final

LEAST_SAMPLES: Final = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a process; `at` in seconds since the begin."""

    at: float
    role: str
    pid: int
    rss_bytes: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one process over the second half: by the straight line of least squares, so that neither
    a single sample nor the load of the last moment decides."""

    role: str
    pid: int
    seconds: float
    rss_mb: float
    """Mean."""
    rss_growth_mb: float
    descriptors: float
    """Mean."""
    descriptor_growth: float


def growth(samples: Sequence[Sample], total_s: float) -> list[Growth]:
    """Of every process that was looked at often enough in the second half of `total_s`."""
    late = [sample for sample in samples if sample.at >= total_s / 2]
    pids = dict.fromkeys(sample.pid for sample in late)
    lives = [[sample for sample in late if sample.pid == pid] for pid in pids]
    return [_growth(life) for life in lives if len(life) >= LEAST_SAMPLES]


def _growth(life: Sequence[Sample]) -> Growth:
    times = [sample.at for sample in life]
    span = times[-1] - times[0]
    rss = [sample.rss_bytes / 1e6 for sample in life]
    descriptors = [float(sample.descriptors) for sample in life]
    return Growth(
        life[0].role,
        life[0].pid,
        span,
        fmean(rss),
        linear_regression(times, rss).slope * span,
        fmean(descriptors),
        linear_regression(times, descriptors).slope * span,
    )
