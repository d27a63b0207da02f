"""The target in a request's head for a replica: what its path is, and the path without a prefix.

Paths are taken as they were sent: `%2F` is no `/`, and dot segments are not resolved.
"""

import re
from typing import TYPE_CHECKING, Final

from orchestrator.proxy.request_head import RequestHead
from orchestrator.proxy.syntax import CRLF

if TYPE_CHECKING:
    from orchestrator.model.snapshot import Listener

_PATH: Final = re.compile(rb"[^ ]++ ([^ ?]*+)").match


def path_of(head: RequestHead) -> bytes:
    """The path, without the query; `*` where a server as a whole is asked."""
    found = _PATH(head.upstream)
    return found[1] if found else b""


def prefix_of(listener: "Listener") -> bytes:
    """What is taken away from the paths of a listener's requests, empty if nothing."""
    return b"" if not listener.strip_prefix or listener.path == "/" else listener.path.encode()


def strip_prefix(head: RequestHead, prefix: bytes) -> None:
    """Take away what the path begins with, and name it in `X-Forwarded-Prefix` as Traefik does.

    Of the slashes that follow one is left, as nginx does: a target that begins with `//` would
    be a host's name to an application that redirects to it.
    """
    start = len(head.method) + 1 + len(prefix)
    end = head.upstream.index(CRLF, start)
    line, rest = head.upstream[start:end].lstrip(b"/"), head.upstream[end:]
    head.upstream = b"%b /%b\r\nX-Forwarded-Prefix: %b%b" % (head.method, line, prefix, rest)
