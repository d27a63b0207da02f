"""`trust`: where the local CA is, and what makes this machine believe it."""

import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Paint

if TYPE_CHECKING:
    from orchestrator.cli.trusting import Advice


def trust(session: Session) -> None:
    """Print how to trust the certificates of services with TLS.

    Changes nothing but its own folder, where the CA is made if there is none.
    """
    from datetime import UTC, datetime

    from orchestrator.runtime.authority import Authority

    authority = Authority(session.project.base)
    _, ca = authority.current(time.time())
    data = {
        "ca_file": str(authority.certificate_file),
        "fingerprint_sha256": ca.fingerprint,
        "expires": datetime.fromtimestamp(ca.expires, UTC).isoformat(),
    }
    file = authority.certificate_file
    session.show(data, lambda paint: _text(data, file, ca.subject, paint), [f"ca/{file}"])


def _text(data: dict[str, str], file: Path, name: str, paint: Paint) -> Iterator[str]:
    from orchestrator.cli.trusting import (
        browser_advice,
        program_advice,
        system_advice,
        system_of,
    )

    yield f"CA certificate  {data['ca_file']}"
    yield f"SHA-256         {data['fingerprint_sha256']}"
    yield f"expires         {data['expires'][:10]}"
    system = system_of(sys.platform, _read("/etc/os-release"), _read("/proc/version"))
    sections = (
        ("To trust it on this system", system_advice(system, file, name)),
        ("In browsers with a store of their own", browser_advice(system, file, name)),
        ("In single programs, without any of that", program_advice(file)),
    )
    for title, pieces in sections:
        yield from _section(title, pieces, paint)
    yield ""
    yield "Who reads ca.pem beside it can speak for localhost to those who"
    yield "trust it: it stays on this machine. When all is undone, the folder can go:"
    yield f"  rm -r {shlex.quote(str(file.parent))}"


def _section(title: str, pieces: "list[Advice]", paint: Paint) -> Iterator[str]:
    yield ""
    yield paint(title, "bold")
    for piece in pieces:
        yield f"  {piece.title}"
        yield from (f"    {line}" for line in piece.do)
        if piece.undo:
            yield "  to undo it"
            yield from (f"    {line}" for line in piece.undo)


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
