"""A new replica has cold caches: its share grows while it warms up."""

from typing import Final

LEAST_PERCENT: Final = 10
"""Envoy's slow_start_config.min_weight_percent."""


def warm_percent(age_s: float, window_s: float) -> int:
    """How much of its weight an endpoint of that age has, from 10 to 100, linear in time."""
    if age_s >= window_s:
        return 100
    return max(LEAST_PERCENT, int(100 * age_s / window_s))
