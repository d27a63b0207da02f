"""`explain`: why a replica is where it is."""

from collections.abc import Callable
from typing import Any

from orchestrator.cli import options
from orchestrator.cli.formats import bare, names
from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Paint
from orchestrator.cli.watching import show


def explain(session: Session, name: options.ServiceOrReplica, watch: options.Watch = False) -> None:
    """Show why replicas are where they are.

    Or why they are Pending: a table of nodes with the reason and the scores of each.
    """
    from orchestrator.cli.render.explain import explanations
    from orchestrator.model.views import ExplainView

    def look() -> tuple[Any, Callable[[Paint], list[str]], list[str]]:
        found = session.client.get(f"/v1/explain/{bare(name)}")
        views = [ExplainView(**one) for one in found]
        return found, lambda paint: explanations(views, paint), names("replica", found)

    show(session, look, watch=watch)
