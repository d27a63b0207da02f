"""How throughput grows with replicas: the Universal Scalability Law, fitted to what was measured.

    X(N) = λN / (1 + σ(N − 1) + κN(N − 1))

λ is the throughput of one replica, σ the share of the work that cannot be done side by side
(contention; Amdahl's law is κ = 0), κ what each pair of replicas costs (coherence: to keep in
step).
Source: N. J. Gunther, Guerrilla Capacity Planning, Springer 2007, chapter 4.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

# Below this a coefficient says nothing: measurements differ by more from run to run.
NEGLIGIBLE_SIGMA: Final = 0.02
NEGLIGIBLE_KAPPA: Final = 0.001
_STEPS: Final = 8
_ROUNDS: Final = 40


@dataclass(frozen=True, slots=True)
class Point:
    """So many replicas had so much throughput, in requests/s."""

    replicas: int
    throughput: float


@dataclass(frozen=True, slots=True)
class Scalability:
    """The law with its coefficients. λ in requests/s; σ and κ have no unit and are ≥ 0."""

    lambda_: float
    sigma: float
    kappa: float

    def throughput(self, replicas: float) -> float:
        """What the law says of so many replicas, in requests/s."""
        waits = self.sigma * (replicas - 1) + self.kappa * replicas * (replicas - 1)
        return self.lambda_ * replicas / (1 + waits)

    @property
    def peak(self) -> float:
        """With more replicas than this throughput falls: √((1 − σ)/κ); infinite without κ."""
        if self.kappa <= 0:
            return math.inf
        return math.sqrt(max(0.0, 1 - self.sigma) / self.kappa)

    @property
    def ceiling(self) -> float:
        """What no number of replicas exceeds, in requests/s."""
        if self.kappa > 0:
            return self.throughput(max(1.0, self.peak))
        return self.lambda_ / self.sigma if self.sigma > 0 else math.inf


def fit(points: Sequence[Point]) -> Scalability:
    """The coefficients with the least squared error relative to each measurement.

    For given σ and κ the best λ is known in closed form; these two are searched for on a grid that
    is drawn closer around its best point. Raises `ValueError` with fewer than three different
    numbers of replicas, or without throughput.
    """
    if len({point.replicas for point in points}) < 3:
        raise ValueError("needs at least three different numbers of replicas")
    if any(point.throughput <= 0 for point in points):
        raise ValueError("needs throughput at each number of replicas")
    sigma, kappa, wide_sigma, wide_kappa = 0.5, 0.05, 0.5, 0.05
    for _ in range(_ROUNDS):
        near = product(_around(sigma, wide_sigma), _around(kappa, wide_kappa))
        sigma, kappa = min(near, key=lambda pair: _error(pair, points))
        wide_sigma, wide_kappa = wide_sigma * 0.6, wide_kappa * 0.6
    return Scalability(_lambda(sigma, kappa, points), sigma, kappa)


def _around(middle: float, width: float) -> list[float]:
    """Steps to both sides and 0, none below it."""
    steps = range(-_STEPS, _STEPS + 1)
    return sorted({0.0, *(max(0.0, middle + width * step / _STEPS) for step in steps)})


def _shape(replicas: int, sigma: float, kappa: float) -> float:
    return Scalability(1.0, sigma, kappa).throughput(replicas)


def _lambda(sigma: float, kappa: float, points: Sequence[Point]) -> float:
    """With r = shape/measured the error Σ(λr − 1)² is least at λ = Σr/Σr²."""
    ratios = [_shape(one.replicas, sigma, kappa) / one.throughput for one in points]
    return sum(ratios) / sum(ratio * ratio for ratio in ratios)


def _error(pair: tuple[float, float], points: Sequence[Point]) -> float:
    best = _lambda(*pair, points)
    return sum((best * _shape(one.replicas, *pair) / one.throughput - 1) ** 2 for one in points)


def in_words(law: Scalability, most: int) -> list[str]:
    """What the coefficients mean, in a few sentences; `most`: the most replicas measured."""
    said = [f"One replica does about {law.lambda_:.3g} requests/s."]
    if law.sigma < NEGLIGIBLE_SIGMA and law.kappa < NEGLIGIBLE_KAPPA:
        said.append(f"It scales: up to {most} replicas each one adds nearly as much as the first.")
        return said
    if law.sigma >= NEGLIGIBLE_SIGMA:
        said.append(
            f"Contention σ = {law.sigma:.3f}: {law.sigma:.0%} of the work waits for something that "
            "all share, such as a lock, a database or the processors of this machine."
        )
    if law.kappa >= NEGLIGIBLE_KAPPA:
        said.append(
            f"Coherence κ = {law.kappa:.4f}: replicas also cost each other time, more with each "
            f"pair of them. Throughput is highest at about {max(1, round(law.peak))} replicas, and "
            "falls beyond."
        )
    elif math.isfinite(law.ceiling):
        said.append(f"No number of replicas gets beyond {law.ceiling:.3g} requests/s.")
    return said
