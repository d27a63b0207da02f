"""A rebalancing for people: what it gains, and the moves as a table."""

from typing import Any

from orchestrator.cli.render.columns import columns
from orchestrator.cli.terminal import Paint


def plan(view: dict[str, Any], follow: str, paint: Paint) -> list[str]:
    """The lines. `follow`: the command that does it, "" if it is being done."""
    moves, before, after = view["moves"], view["nodes_before"], view["nodes_after"]
    if not moves:
        return [paint(f"No moves: none of {before} nodes in use can be freed.", "bold")]
    heads = ["REPLICA", "FROM", "TO", "WHY"]
    rows = [[move["replica"], move["source"], move["target"], move["cause"]] for move in moves]
    count = f"{len(moves)} move{'s' * (len(moves) > 1)}"
    summary = paint(f"Rebalance: {count}, nodes in use {before} -> {after}.", "bold")
    last = ["", f"Next: {follow}"] if follow else []
    return [*columns(heads, rows, paint), "", summary, *last]
