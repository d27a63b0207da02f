"""Settings of the property tests here: the same cases in each run, no clock."""

from hypothesis import HealthCheck, settings

calm = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
