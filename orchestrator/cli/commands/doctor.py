"""`doctor`"""

from orchestrator.cli.session import Session


def doctor(session: Session) -> None:
    """Check this machine."""
    session.note("soon")
