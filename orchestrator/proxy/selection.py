"""Which replica a service's next request goes to: the algorithm, and what bends it.

A preferred zone is a balancer of its own, asked first. Slow start is a matter of weights, seen to
at each tick of the clock while a replica warms up. A sticky cookie goes before all of it.
"""

from collections.abc import Callable, Collection, Mapping
from random import random
from typing import TYPE_CHECKING, Final

from orchestrator.core.balancing import (
    Balancer,
    ConsistentHash,
    LeastRequests,
    RandomChoice,
    RoundRobin,
    warm_percent,
)
from orchestrator.model.snapshot import Balancing
from orchestrator.proxy.backend import Backend
from orchestrator.proxy.keys import key_reader

if TYPE_CHECKING:
    from orchestrator.proxy.keys import Caller

# A weight in a hundred parts, so that one that warms up has a tenth of it.
WHOLE: Final = 100


class Selection:
    """The backends of one snapshot. `before`: the selection that this one takes over from."""

    def __init__(
        self,
        balancing: Balancing,
        backends: tuple[Backend, ...],
        now: float,
        before: "Selection | None" = None,
    ) -> None:
        self.balancing = balancing
        self.backends = backends
        self.endpoints = tuple(backend.endpoint for backend in backends)
        self._since = _warming(backends, now, before, balancing.slow_start_s)
        self._key = key_reader(balancing.hash_on) if _hashes(balancing) else None
        self._groups = [
            (group, self._balancer(group, now, before))
            for group in _by_preference(backends, balancing.zone)
        ]
        self._first: Balancer[Backend] = self._groups[0][1]

    def _balancer(
        self, group: tuple[Backend, ...], now: float, before: "Selection | None"
    ) -> Balancer[Backend]:
        weights, owed = self._weights(group, now), self._owed(group, before)
        return _balancer(self.balancing, group, weights, owed)

    def _owed(
        self, group: tuple[Backend, ...], before: "Selection | None"
    ) -> Mapping[Backend, float]:
        """How far each was behind its share until now, among all or in the preferred zone."""
        if before is None:
            return {}
        balancer = before._groups[-1 if group == self.backends else 0][1]
        return balancer.owed if isinstance(balancer, RoundRobin) else {}

    def pick(self, exclude: Collection[object], caller: "Caller | None") -> Backend | None:
        """The backend for the caller; None if all are excluded."""
        key = self._key(caller) if self._key is not None and caller is not None else b""
        backend = self._first.pick(exclude, key)
        if backend is None and len(self._groups) > 1:
            return self._groups[1][1].pick(exclude, key)
        return backend

    def warm_up(self, now: float) -> None:
        """Time has passed: who is new gets a larger share."""
        if not self._since:
            return
        window_s = self.balancing.slow_start_s
        self._since = {b: at for b, at in self._since.items() if now - at < window_s}
        for group, balancer in self._groups:
            balancer.reweigh(self._weights(group, now))

    def _weights(self, group: tuple[Backend, ...], now: float) -> list[int]:
        if not self._since:
            return [backend.endpoint.weight for backend in group]
        window_s = self.balancing.slow_start_s
        return [
            backend.endpoint.weight
            * (
                warm_percent(now - self._since[backend], window_s)
                if backend in self._since
                else WHOLE
            )
            for backend in group
        ]


def _warming(
    backends: tuple[Backend, ...], now: float, before: Selection | None, window_s: float
) -> dict[Backend, float]:
    """Since when those warm up that came to others who were there already."""
    if not window_s or before is None or not before.backends:
        return {}
    known = set(before.backends)
    since = {b: now for b in backends if b not in known}
    if len(since) == len(backends):
        return {}  # All are new: none can spare another.
    kept = {b: at for b, at in before._since.items() if b in backends and now - at < window_s}
    return kept | since


def _by_preference(backends: tuple[Backend, ...], zone: str) -> list[tuple[Backend, ...]]:
    near = tuple(backend for backend in backends if zone and backend.endpoint.zone == zone)
    return [near, backends] if near and len(near) < len(backends) else [backends]


def _hashes(balancing: Balancing) -> bool:
    return balancing.algorithm == "consistent_hash"


def _balancer(
    balancing: Balancing,
    backends: tuple[Backend, ...],
    weights: list[int],
    owed: Mapping[Backend, float],
) -> Balancer[Backend]:
    make: dict[str, Callable[[], Balancer[Backend]]] = {
        "round_robin": lambda: RoundRobin(backends, weights, owed),
        "random": lambda: RandomChoice(backends, random, weights),
        "least_requests": lambda: LeastRequests(
            backends, _load, random, balancing.choices, weights
        ),
        "consistent_hash": lambda: _ring(balancing, backends, weights),
    }
    return make[balancing.algorithm]()


def _ring(
    balancing: Balancing, backends: tuple[Backend, ...], weights: list[int]
) -> ConsistentHash[Backend]:
    # By name, not by attempt: a replacement takes its predecessor's place on the ring. And by
    # plain weight: a hundredfold one would make a hundred times the points.
    names = [backend.endpoint.label for backend in backends]
    plain = [backend.endpoint.weight for backend in backends]
    ring = ConsistentHash(backends, names, _load, balancing.hash_balance_percent, plain)
    ring.reweigh(weights)
    return ring


def _load(backend: Backend) -> int:
    return backend.in_flight
