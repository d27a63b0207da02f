"""The certificate that a project's TLS listeners show: made, kept, renewed in time.

Each is a file of its own, key and certificate together, that is never changed: workers learn of a
new one by the snapshot that names it, and show the old one until then.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestrator.model.errors import StateError
from orchestrator.model.proxying import is_local
from orchestrator.runtime.authority import Authority
from orchestrator.runtime.project import write_private

if TYPE_CHECKING:
    from orchestrator.runtime.pki import Facts

RENEW_BEFORE_S: Final = 30 * 86_400
_ALWAYS: Final = ("localhost", "*.localhost")


def names_of(services: Iterable[str], hosts: Iterable[str] = ()) -> frozenset[str]:
    """What the certificate is for: each service as NAME.localhost, and further host names.

    The wildcard alone is not enough: OpenSSL and Firefox take none right below the root.
    """
    return frozenset((*_ALWAYS, *(f"{name}.localhost" for name in services), *hosts))


class Certificates:
    """The certificate of one project, in files in `folder`."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        self._authority = authority
        self._folder = folder
        self._names: frozenset[str] = frozenset()
        self._authority_stamp = 0
        self._renew_at = 0.0
        self._file = Path()

    def file_for(self, names: frozenset[str], now: float) -> Path:
        """The file of a certificate for `names` that is valid at `now` (seconds since the epoch)
        and for a while. Names the authority may not speak for are left out. Raises `StateError`."""
        known = (self._names, self._authority_stamp) == (names, self._authority.stamp)
        if not known or now >= self._renew_at or not self._file.exists():
            self._settle(names, now)
        return self._file

    def _settle(self, names: frozenset[str], now: float) -> None:
        """Find a usable certificate of earlier, or make one."""
        authority, signer = self._authority.current(now)
        wanted = tuple(sorted(filter(is_local, names)))
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self._newest()
            if found is None or not usable(found[1], wanted, signer, now):
                found = self._make(authority, wanted, now)
        except OSError as error:
            text = f"cannot write a certificate to {self._folder}: {error.strerror}"
            raise StateError(text) from error
        self._file, leaf = found
        self._renew_at = leaf.expires - RENEW_BEFORE_S
        self._names, self._authority_stamp = names, self._authority.stamp

    def _newest(self) -> "tuple[Path, Facts] | None":
        from orchestrator.runtime.pki import facts

        with contextlib.suppress(OSError, ValueError, IndexError):
            file = self._files()[-1]
            return file, facts(file.read_text())
        return None

    def _make(self, authority: str, names: tuple[str, ...], now: float) -> "tuple[Path, Facts]":
        from orchestrator.runtime.pki import facts, make_leaf

        pem = make_leaf(authority, names, now)
        *outdated, last = self._files() or [self._folder / "0.pem"]
        # The last one stays: a worker that starts anew may still be told of it.
        for file in outdated:
            file.unlink(missing_ok=True)
        file = self._folder / f"{int(last.stem) + 1}.pem"
        write_private(file, pem)
        return file, facts(pem)

    def _files(self) -> list[Path]:
        """The oldest first."""
        files = (file for file in self._folder.glob("*.pem") if file.stem.isdecimal())
        return sorted(files, key=lambda file: int(file.stem))


def usable(leaf: "Facts", names: tuple[str, ...], authority: "Facts", now: float) -> bool:
    """Whether a certificate is for these names, by this authority, and not about to expire."""
    ours = leaf.names == names and leaf.issuer == authority.key
    return ours and leaf.expires - now > RENEW_BEFORE_S
