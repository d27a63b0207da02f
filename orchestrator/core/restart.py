"""What follows an exit: whether there is another attempt, and when."""

from dataclasses import replace
from typing import Final

from orchestrator.model.spec import Backoff, RestartSpec
from orchestrator.model.state import Exit, SlotHistory

IMAGE_ERRORS: Final = frozenset({"ErrImagePull", "ErrImageBuild"})
JITTER: Final = 0.25
"""Largest share of a delay that jitter takes away (Nomad's figure)."""


def should_restart(policy: str, how: Exit) -> bool:
    """Whether an attempt that ended like this is followed by another.

    An ordered stop says nothing about the program, nor does the loss of its node, and without its
    image the program never ran: all are followed by another attempt under every policy.
    """
    if how.blameless or how.reason in IMAGE_ERRORS:
        return True
    return policy == "always" or (policy == "on-failure" and not how.succeeded)


def after_exit(
    history: SlotHistory,
    how: Exit,
    ran_healthy_s: float,
    spec: RestartSpec,
    now: float,
    jitter: float,
) -> SlotHistory:
    """What the slot remembers after an exit. `jitter` is in [0, 1).

    Failures before a healthy run of at least `resetAfter` are forgotten; an ordered exit is none,
    and neither is one with its node.
    """
    if how.blameless:
        return history if how.ordered else replace(history, last_exit=how)
    forgiven = ran_healthy_s >= (spec.backoff.reset_after_s or 0.0)
    failures = (0 if forgiven else history.failures) + 1
    # A missing image rarely appears by itself: no restart at once for it.
    step = failures + 1 if how.reason in IMAGE_ERRORS else failures
    return replace(
        history,
        restarts=history.restarts + should_restart(spec.policy, how),
        failures=failures,
        not_before=now + backoff_s(step, spec.backoff, jitter),
        last_exit=how,
    )


def backoff_s(failures: int, backoff: Backoff, jitter: float = 0.0) -> float:
    """Seconds to wait after that many failures in a row: nothing after the first, then
    initial × factor^(failures − 2), at most max; jitter only shortens it.

    `backoff` has its durations filled in (`model.timing`); one left out counts as 0.
    """
    if failures < 2:
        return 0.0
    return _capped(failures - 2, backoff) * (1 - JITTER * jitter)


def _capped(exponent: int, backoff: Backoff) -> float:
    longest = backoff.max_s or 0.0
    try:
        return min((backoff.initial_s or 0.0) * backoff.factor**exponent, longest)
    except OverflowError:
        return longest
