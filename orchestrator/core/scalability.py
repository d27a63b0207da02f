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
from typing import Final

# Below this a coefficient says nothing: measurements differ by more from run to run.
NEGLIGIBLE_SIGMA: Final = 0.02
NEGLIGIBLE_KAPPA: Final = 0.001

_Row = tuple[float, float, float]


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
    """The coefficients with the least squared relative error of N/X(N), each ≥ 0.

    N/X(N) = a + b(N − 1) + cN(N − 1) with a = 1/λ, b = σ/λ, c = κ/λ: linear, so the best is found
    exactly. Where it would be negative, a coefficient is 0 and the others are fitted without it.
    Raises `ValueError` with fewer than three different numbers of replicas, or without throughput.
    """
    if len({point.replicas for point in points}) < 3:
        raise ValueError("needs at least three different numbers of replicas")
    if any(point.throughput <= 0 for point in points):
        raise ValueError("needs throughput at each number of replicas")
    rows = [_terms(point.replicas, point.throughput) for point in points]
    candidates = (_least_squares(rows, used) for used in ((0, 1, 2), (0, 1), (0, 2), (0,)))
    possible = [each for each in candidates if each[0] > 0 and min(each) >= 0]
    a, b, c = min(possible, key=lambda each: _error(rows, each))
    return Scalability(1 / a, b / a, c / a)


def _terms(replicas: int, throughput: float) -> _Row:
    """What a, b and c are multiplied with, relative to what was measured."""
    share = throughput / replicas
    return share, share * (replicas - 1), share * replicas * (replicas - 1)


def _least_squares(rows: Sequence[_Row], used: Sequence[int]) -> _Row:
    """The values of the used terms that bring each row's sum nearest to 1; the others are 0.

    By the normal equations and Gauss's elimination.
    """
    table = [
        [*(math.fsum(row[i] * row[j] for row in rows) for j in used), math.fsum(r[i] for r in rows)]
        for i in used
    ]
    for step, pivot in enumerate(table):
        for other in table[step + 1 :]:
            factor = other[step] / pivot[step]
            other[:] = [mine - factor * its for mine, its in zip(other, pivot, strict=True)]
    values = [0.0, 0.0, 0.0]
    for step in reversed(range(len(used))):
        *factors, right = table[step]
        known = math.fsum(factors[k] * values[used[k]] for k in range(step + 1, len(used)))
        values[used[step]] = (right - known) / factors[step]
    return values[0], values[1], values[2]


def _error(rows: Sequence[_Row], values: _Row) -> float:
    return math.fsum(
        (math.fsum(x * value for x, value in zip(row, values, strict=True)) - 1) ** 2
        for row in rows
    )


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
