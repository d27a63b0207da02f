"""`demo`: the narrated run."""

from orchestrator.cli.session import Session


def demo(session: Session) -> None:
    """Show it all in half a minute."""
    session.note("soon")
