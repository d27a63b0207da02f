"""What a frontend takes on: how many clients and requests, how often one address may ask."""

import time
from math import ceil
from typing import TYPE_CHECKING, Final

from orchestrator.core.ratelimit import RateLimiter
from orchestrator.proxy.replies import too_many_requests, too_often

if TYPE_CHECKING:
    from orchestrator.model.snapshot import Limits
    from orchestrator.proxy.client import ClientConnection
    from orchestrator.proxy.frontend import Frontend
    from orchestrator.proxy.syntax import HttpError

# So many retries may always be in flight (Envoy's min_retry_concurrency).
MIN_RETRIES: Final = 3


def limiter(limits: "Limits", before: "Limits", kept: RateLimiter | None) -> RateLimiter | None:
    """The rate limiter that `limits` ask for: the one there was, unless the rate has changed."""
    if (limits.rate_per_s, limits.rate_burst) == (before.rate_per_s, before.rate_burst) and kept:
        return kept
    return RateLimiter(limits.rate_per_s, limits.rate_burst) if limits.rate_per_s else None


def refusal(frontend: "Frontend", client: "ClientConnection") -> "HttpError | None":
    """Why a new request is not taken on, if it is not."""
    if frontend.rates is not None:
        # Not the coarse clock: at 100 requests a second tokens come every 10 ms.
        wait_s = frontend.rates.take(client.peer, time.monotonic())
        if wait_s:
            return too_often(ceil(wait_s))
    if frontend.load >= frontend.max_requests:
        return too_many_requests(frontend.listener.service)
    return None


def admits(frontend: "Frontend", address: str) -> bool:
    """Whether a new connection of TCP mode is taken on."""
    if frontend.crowded:
        return False
    return frontend.rates is None or not frontend.rates.take(address, time.monotonic())


def may_retry(frontend: "Frontend") -> bool:
    """Whether the retry budget (Envoy's retry_budget) has room for one more retry in flight."""
    budget = frontend.load * frontend.listener.limits.retry_percent // 100
    return frontend.retrying < max(MIN_RETRIES, budget)
