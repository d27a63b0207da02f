"""The certificate authority of this user: one for all projects of a state folder.

BASE/.tls/    0700; no project can have that name
  ca.pem      key and certificate (0600): whoever reads it can speak for localhost to this user
  ca.crt      the certificate alone, for people and programs to trust
  ca.lock     held while one is made
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestrator.model.errors import StateError
from orchestrator.runtime.project import write_private

if TYPE_CHECKING:
    from orchestrator.runtime.pki import Facts

# A new one has to be trusted anew: only when the old one would end before what it signs is used.
_RENEW_BEFORE_S: Final = 60 * 86_400


class Authority:
    """Makes itself when it is first needed. `base`: the folder of all projects."""

    def __init__(self, base: Path) -> None:
        self._folder = base / ".tls"
        self._secret = self._folder / "ca.pem"
        self.certificate_file = self._folder / "ca.crt"

    def current(self, now: float) -> tuple[str, "Facts"]:
        """Key and certificate, and what that says; made if there is none, or it is about to expire
        at `now` (seconds since the epoch). Raises `StateError`."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            with self._locked():
                return self._kept(now) or self._new(now)
        except OSError as error:
            raise StateError(
                f"cannot use the folder of the local CA, {self._folder}: {error.strerror}",
                remedy="choose another state folder with --state-dir or ORCH_STATE_DIR",
            ) from error

    @property
    def stamp(self) -> int:
        """Changes when the authority does; 0 while there is none."""
        try:
            return self._secret.stat().st_mtime_ns
        except OSError:
            return 0

    def _kept(self, now: float) -> "tuple[str, Facts] | None":
        from orchestrator.runtime.pki import certificate_of, facts

        try:
            pem = self._secret.read_text()
            found = facts(pem)
        except (FileNotFoundError, ValueError):
            return None
        if found.expires - now < _RENEW_BEFORE_S:
            return None
        self._show(certificate_of(pem))
        return pem, found

    def _new(self, now: float) -> "tuple[str, Facts]":
        from orchestrator.runtime.pki import certificate_of, facts, make_authority

        pem = make_authority(now)
        write_private(self._secret, pem)
        self._show(certificate_of(pem))
        return pem, facts(pem)

    def _show(self, certificate: str) -> None:
        """Have `ca.crt` say the same as `ca.pem`."""
        try:
            if self.certificate_file.read_text() == certificate:
                return
        except (FileNotFoundError, ValueError):
            pass
        write_private(self.certificate_file, certificate)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two controllers that begin at once make one authority, not two."""
        handle = os.open(self._folder / "ca.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
