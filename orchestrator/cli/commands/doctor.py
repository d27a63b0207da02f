"""`doctor`: what could keep this machine from running projects."""

from dataclasses import asdict

from orchestrator.cli import options, sources
from orchestrator.cli.exits import DONE, FAILED
from orchestrator.cli.session import Session


def doctor(session: Session, files: options.Files = None) -> int:
    """Check this machine, and say what to do.

    Looks at engine, permissions, images, ports, limits and what dead projects left.
    """
    from orchestrator.cli.checks.engine import engine, process_limits
    from orchestrator.cli.checks.finding import Level, Subject
    from orchestrator.cli.checks.leftovers import leftovers
    from orchestrator.cli.checks.machine import open_files, ports, proxy, python, state_folder
    from orchestrator.cli.checks.manifests import manifests
    from orchestrator.cli.render.findings import findings

    subject = Subject(session.project, tuple(sources.given_or_default(files)))
    checks = (
        python, proxy, engine, process_limits, state_folder, manifests, ports, open_files,
        leftovers,
    )  # fmt: skip
    found = [finding for check in checks for finding in check(subject)]
    session.show(
        [asdict(finding) for finding in found],
        lambda paint: findings(found, paint),
        [f"check/{finding.check}" for finding in found],
    )
    return FAILED if any(finding.level is Level.ERROR for finding in found) else DONE
