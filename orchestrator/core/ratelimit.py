"""Token buckets, one for each client. Pure: time is passed in."""

from collections import OrderedDict
from typing import Final

# About 250 bytes each.
MAX_CLIENTS: Final = 10_000


class RateLimiter:
    """Lets each client make `burst` requests at once and `per_s` a second in the long run.

    A bucket is one number, as in the generic cell rate algorithm (ITU-T I.371, annex A): when it
    will be full again. A full one is forgotten. Of more than `max_clients` clients with buckets
    that are not full, the one that was let through longest ago is forgotten, so that memory is
    bounded: under an attack from very many addresses the limit is lax, never stricter.
    """

    def __init__(self, per_s: float, burst: int, max_clients: int = MAX_CLIENTS) -> None:
        self._interval_s = 1 / per_s
        self._burst_s = burst / per_s
        self._max_clients = max_clients
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        """Clients that are remembered."""
        return len(self._full_at)

    def take(self, client: str, now: float) -> float:
        """Take one token. Return 0, or the seconds until there is one; then none was taken."""
        full_at = max(now, self._full_at.get(client, now)) + self._interval_s
        wait_s = full_at - now - self._burst_s
        # What rounding makes of nothing is nothing.
        if wait_s > 1e-6:
            return wait_s
        self._full_at[client] = full_at
        self._full_at.move_to_end(client)
        self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Drop what is full at the front, two a call, and what is too much."""
        for _ in range(2):
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now and len(self._full_at) <= self._max_clients:
                return
            del self._full_at[oldest]
