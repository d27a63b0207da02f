"""The ways to pack: strategies one replica at a time, rules that see the whole batch, a search."""

import time
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from orchestrator.cli.exits import UsageError
from orchestrator.cli.packing.question import Question
from orchestrator.core.packing.instance import Instance, Packing
from orchestrator.core.packing.metrics import Metrics, measure
from orchestrator.core.packing.offline import OFFLINE, best_of
from orchestrator.core.packing.online import ONLINE, pack_online
from orchestrator.core.packing.search import improve
from orchestrator.core.packing.whatif import (
    Outcome,
    by_size,
    place_online,
    place_packing,
    wrong,
)
from orchestrator.core.scheduling.scores import STRATEGIES

SEARCH: Final = "search"
BATCH: Final = "batch"
DECLARED: Final = "as declared"

Packings = dict[str, Packing]


def answers(
    question: Question, methods: Sequence[str], budget_s: float | None, seed: int
) -> list[Outcome]:
    """What the methods named make of the question, and the search if there is a budget; of none,
    what the manifests ask for. Raises `UsageError` for one that cannot be asked."""
    if not methods and budget_s is None:
        return [_online(question, None, seed)]
    found = [_answer(question, method, seed) for method in dict.fromkeys(methods)]
    if budget_s is not None:
        _require_sizes(question, SEARCH)
        found.append(_search(question, _rules(question), budget_s, seed))
    return found


def _answer(question: Question, method: str, seed: int) -> Outcome:
    if method in _online_names(question):
        return _online(question, method, seed)
    if method not in (*OFFLINE, BATCH):
        known = ", ".join((*_online_names(question), *OFFLINE, BATCH))
        raise UsageError(f"--strategy: there is no {method!r}", remedy=f"one of {known}")
    _require_sizes(question, method)
    if method == BATCH:
        return _laid(question, BATCH, best_of(list(_rules(question).values())))
    return _laid(question, method, OFFLINE[method](_instance(question)))


def compare(question: Question, budget_s: float | None, seed: int) -> Iterator[Outcome]:
    """What all methods make of it, those that can be asked."""
    if len({demand.request.policy for demand in question.demands}) > 1:
        yield _online(question, None, seed)
    for name in _online_names(question):
        yield _online(question, name, seed)
    if question.why_not_by_size or not question.boxes:
        return
    rules = _rules(question)
    for name in OFFLINE:
        yield _laid(question, name, rules[name])
    if budget_s is not None:
        yield _search(question, rules, budget_s, seed)


def metrics_of(question: Question, outcome: Outcome) -> Metrics:
    """How good it is. Raises `AssertionError` if the judge refuses the outcome."""
    faults = list(wrong(outcome, question.pieces))
    if faults:
        raise AssertionError(f"{outcome.method}: {faults[0]}")
    return measure(outcome, {piece.size for piece in question.pieces}, question.bound)


def best(measured: list[tuple[Outcome, Metrics]]) -> Outcome:
    """Fewest replicas left out, then fewest nodes, then least stranded; the first of equals."""

    def badness(one: tuple[Outcome, Metrics]) -> tuple[int, int, float]:
        metrics = one[1]
        shares = [s / max(1, h) for s, h in zip(metrics.stranded, metrics.held, strict=True)]
        return metrics.unplaced, metrics.nodes, sum(shares)

    return min(measured, key=badness)[0]


def _online_names(question: Question) -> list[str]:
    return list(STRATEGIES if question.scheduled else ONLINE)


def _online(question: Question, policy: str | None, seed: int) -> Outcome:
    if question.scheduled:
        own = {demand.request.policy for demand in question.demands}
        name = policy or (own.pop() if len(own) == 1 else DECLARED)
        return place_online(question.demands, question.nodes or {}, name, policy or "", seed)
    name = policy or "binpack"
    return _laid(question, name, pack_online(_instance(question), ONLINE[name]))


def _require_sizes(question: Question, method: str) -> None:
    if question.why_not_by_size:
        raise UsageError(
            f"{method} knows nothing but sizes and equal nodes: {question.why_not_by_size}",
            remedy=f"one of {', '.join(STRATEGIES)} can place them",
        )


def _instance(question: Question) -> Instance:
    return by_size(question.pieces, question.boxes[0].capacity)[0]


def _laid(question: Question, method: str, packing: Packing) -> Outcome:
    fitting = by_size(question.pieces, question.boxes[0].capacity)[1]
    named = tuple(tuple(fitting[index] for index in inside) for inside in packing)
    # An instance has bins enough: those that nobody needs are none.
    boxes = question.boxes if question.scheduled else question.boxes[: max(1, len(packing))]
    return place_packing(method, question.pieces, boxes, named)


def _rules(question: Question) -> Packings:
    """What each rule makes of the sizes, online order among them: with many equal replicas it is
    better than any decreasing order."""
    instance = _instance(question)
    online = {name: pack_online(instance, score) for name, score in ONLINE.items()}
    return {name: rule(instance) for name, rule in OFFLINE.items()} | online


def _search(question: Question, start: Packings, budget_s: float, seed: int) -> Outcome:
    """The best of `start`, made better for so many seconds of processor time."""
    until = time.process_time() + budget_s
    draw = Random(seed)  # noqa: S311 - to be repeatable
    packing = best_of(list(start.values()))
    better = improve(_instance(question), packing, draw, lambda: time.process_time() < until)
    return _laid(question, SEARCH, better)
