"""What is to be run against which service."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from orchestrator.cli.exits import UsageError
from orchestrator.cli.load import k6
from orchestrator.cli.load.profile import Profile, profile_of
from orchestrator.cli.load.result import Result, Sample
from orchestrator.cli.load.running import run_load
from orchestrator.cli.load.script import Target, script_for
from orchestrator.cli.render.load import line
from orchestrator.cli.session import Session

if TYPE_CHECKING:
    from orchestrator.cli.client import Client

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A service, where it answers, and either a profile or a script of the user's own."""

    service: str
    target: Target
    profile: Profile
    script: Path | None = None

    def run(self, session: Session) -> tuple[Result, str]:
        """Run it, with a line a second on stderr."""
        script = self.script or script_for(self.target, self.profile)
        follower = _Follower(session)
        try:
            return run_load(session.client, self.service, script, self.target.url, follower.hear)
        finally:
            follower.end()


class _Follower:
    """A terminal has one line that changes; anything else a line a second."""

    def __init__(self, session: Session) -> None:
        self._err = session.err
        self._drawn = False

    def hear(self, sample: Sample) -> None:
        """One more second."""
        if not self._err.live:
            self._err.line(line(sample))
            return
        self._err.stream.write(f"\r\x1b[K{line(sample)}")
        self._err.stream.flush()
        self._drawn = True

    def end(self) -> None:
        """Leave the line empty for what follows."""
        if self._drawn:
            self._err.stream.write("\r\x1b[K")
            self._err.stream.flush()


def request_of(
    client: "Client",
    service: str,
    *,
    rate: str | None,
    users: int | None,
    duration: str,
    ramp: str | None,
    path: str,
    method: str,
    script: Path | None,
    thresholds: list[str],
) -> LoadRequest:
    """Check all of it before anything runs. Raises `OrchestratorError`, `UsageError`."""
    profile = profile_of(rate, users, duration, ramp, thresholds)
    if script is not None and not script.is_file():
        raise UsageError(f"--script {script}: no such file")
    if not path.startswith("/"):
        raise UsageError(f"--path {path!r} does not begin with /", remedy="write '/work?ms=20'")
    if method.upper() not in METHODS:
        raise UsageError(f"--method {method!r} is not one of {', '.join(METHODS)}")
    k6.find()
    address = _address(client.get(f"/v1/services/{service}"))
    target = Target(urljoin(address, path), method.upper())
    return LoadRequest(service, target, profile, script)


def _address(view: Any) -> str:
    address = str(view["address"] or "")
    if urlsplit(address).scheme not in ("http", "https"):
        raise UsageError(
            f"service {view['name']} has no HTTP address to put load on",
            remedy="give it one in its manifest: proxy: {listen: 8080}",
        )
    return address
