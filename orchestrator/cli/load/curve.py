"""The same load again and again, on more replicas or on larger ones: how far that carries."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from orchestrator.cli.exits import UsageError
from orchestrator.cli.load.request import LoadRequest
from orchestrator.cli.load.result import Result, doubts
from orchestrator.cli.load.running import Stopped, processors
from orchestrator.cli.session import Session
from orchestrator.cli.waiting import Waiter
from orchestrator.core.scalability import Point, Scalability, fit, in_words
from orchestrator.model.errors import QuantityError
from orchestrator.model.quantity import format_cpu, parse_cpu

USERS: Final = 8
"""Virtual users for each replica, where --vus does not say: enough to keep one busy."""
MOST_REPLICAS: Final = 1000
READY_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Step:
    """One setting and what it did. `size`: replicas, or millicores; latencies in ms."""

    size: int
    label: str
    users: int
    per_s: float
    p50_ms: float
    p99_ms: float
    failed: int
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """All steps in order of size. `by`: replicas or CPU; `law` where there are enough steps."""

    service: str
    url: str
    by: str
    steps: tuple[Step, ...]
    law: Scalability | None = None
    words: tuple[str, ...] = ()
    interrupted: bool = False

    def to_json(self) -> dict[str, Any]:
        """For programs; σ and κ are `law.sigma` and `law.kappa`."""
        return asdict(self)

    def ideal(self, size: float) -> float:
        """Throughput if the first step's held for every replica, in requests/s."""
        return self.steps[0].per_s / self.steps[0].size * size


def by_replicas(session: Session, asked: LoadRequest, text: str) -> Curve:
    """Load for each number of replicas, `--vus` for each replica. The service has as many as
    before in the end, whatever happens."""
    counts = _counts(text)
    before = session.client.get(f"/v1/services/{asked.service}")["desired"]

    def scaled(count: int) -> None:
        session.client.post(f"/v1/services/{asked.service}/scale", {"replicas": count})

    steps, interrupted = _steps(
        session, asked, counts, scaled, str, lambda count: count, lambda: scaled(before)
    )
    law, words = _law(steps)
    return Curve(asked.service, asked.target.url, "replicas", steps, law, tuple(words), interrupted)


def by_cpu(session: Session, asked: LoadRequest, text: str) -> Curve:
    """Load for each CPU limit of a replica, replicas as they are; the limit before comes back."""
    sizes = _sizes(text)
    view = session.client.get(f"/v1/services/{asked.service}")

    def sized(millicores: int) -> None:
        session.client.post("/v1/apply", {"services": [with_cpu(view["spec"], millicores)]})

    def back() -> None:
        session.client.post("/v1/apply", {"services": [view["spec"]]})

    steps, interrupted = _steps(
        session, asked, sizes, sized, format_cpu, lambda _: max(1, view["desired"]), back
    )
    return Curve(asked.service, asked.target.url, "CPU", steps, interrupted=interrupted)


def with_cpu(spec: dict[str, Any], millicores: int) -> dict[str, Any]:
    """The service with that limit; what it requests is never above it."""
    resources = spec.get("resources") or {}
    requests = dict(resources.get("requests") or {})
    if requests.get("cpu") is not None and parse_cpu(requests["cpu"]) > millicores:
        requests["cpu"] = format_cpu(millicores)
    limits = {**(resources.get("limits") or {}), "cpu": format_cpu(millicores)}
    return {**spec, "resources": {**resources, "requests": requests, "limits": limits}}


def _steps(
    session: Session,
    asked: LoadRequest,
    sizes: Sequence[int],
    change: Callable[[int], None],
    label: Callable[[int], str],
    replicas: Callable[[int], int],
    back: Callable[[], None],
) -> tuple[tuple[Step, ...], bool]:
    steps: list[Step] = []
    with _restored(session, asked.service, back):
        try:
            for size in sizes:
                waiter = Waiter(session, services=[asked.service])
                change(size)
                waiter.run(READY_S)
                steps.append(_measured(session, asked, size, label(size), replicas(size)))
        except (Stopped, KeyboardInterrupt):
            return tuple(steps), True
    return tuple(steps), False


def _measured(session: Session, asked: LoadRequest, size: int, label: str, replicas: int) -> Step:
    users = (asked.profile.users or USERS) * replicas
    session.note(f"{label}: {users} virtual users for {asked.profile.duration_s:g} s")
    result, _ = replace(asked, profile=replace(asked.profile, rate=0.0, users=users)).run(session)
    return _step(size, label, users, result)


@contextmanager
def _restored(session: Session, service: str, back: Callable[[], None]) -> Iterator[None]:
    try:
        yield
    finally:
        back()
        session.note(f"service/{service} is as it was before")


def _step(size: int, label: str, users: int, result: Result) -> Step:
    latency = result.latency_ms
    return Step(
        size, label, users, result.per_s, latency.get("med", 0.0), latency.get("p(99)", 0.0),
        result.failed, tuple(doubts(result, processors())),
    )  # fmt: skip


def _law(steps: Sequence[Step]) -> tuple[Scalability | None, list[str]]:
    try:
        law = fit([Point(step.size, step.per_s) for step in steps])
    except ValueError as error:
        return None, [f"No curve: it {error}."]
    return law, in_words(law, steps[-1].size)


def _counts(text: str) -> list[int]:
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and len(word) < 6 for word in words):
        raise UsageError(f"--scale {text!r} is no list of replicas", remedy="write 1,2,4,8")
    counts = sorted({int(word) for word in words})
    if counts[0] < 1 or counts[-1] > MOST_REPLICAS:
        raise UsageError(f"--scale takes 1 to {MOST_REPLICAS} replicas")
    return counts


def _sizes(text: str) -> list[int]:
    try:
        sizes = sorted({parse_cpu(word.strip()) for word in text.split(",")})
    except QuantityError as error:
        raise UsageError(f"--cpu: {error}", remedy="write 250m,500m,1") from None
    if sizes[0] < 1:
        raise UsageError("--cpu 0 is no limit", remedy="write 250m,500m,1")
    return sizes
