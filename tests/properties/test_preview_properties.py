"""What is true of every forecast and preview."""

from hypothesis import given, settings

from orchestrator.core.forecast import forecast
from orchestrator.core.preview import preview
from orchestrator.core.reconcile import reconcile
from orchestrator.core.render import render
from orchestrator.model.state import Desired, Observed
from tests.properties.clusters import desires, observations

steady = settings(deadline=None, derandomize=True, max_examples=60)


@steady
@given(desires(), observations())
def test_a_forecast_ends_where_nothing_is_left_to_do(desired: Desired, observed: Observed) -> None:
    ahead = forecast(desired, observed, 1.0)
    assert not ahead.plan.actions
    assert reconcile(desired, ahead.observed, 1.0) == ahead.plan


@steady
@given(desires(), observations())
def test_what_changes_nothing_is_no_change(desired: Desired, observed: Observed) -> None:
    assert render(preview(desired, desired, observed, 1.0)).startswith(
        ("No changes.", "Scheduler:")
    )


@steady
@given(desires(), desires(), observations())
def test_each_line_with_a_symbol_counts_and_no_node_is_overfilled(
    desired: Desired, proposed: Desired, observed: Observed
) -> None:
    seen = preview(desired, proposed, observed, 1.0)
    symbols = [line.strip()[:2] for line in render(seen).splitlines() if line.startswith("  ")]
    assert (symbols.count("+ "), symbols.count("~ "), symbols.count("- ")) == (
        seen.add, seen.change, seen.destroy,
    )  # fmt: skip
    for usage in seen.usage:
        assert usage.cpu_after <= max(usage.cpu_before, usage.cpu_millicores)
        assert usage.memory_after <= max(usage.memory_before, usage.memory_bytes)
