"""The target in a request's head for a replica: what its path is, and the path without a prefix.

Paths are taken as they were sent: `%2F` is no `/`, and dot segments are not resolved.
"""

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from orchestrator.proxy.request_head import RequestHead

if TYPE_CHECKING:
    from orchestrator.model.snapshot import Listener

_VERSION: Final = b" HTTP/1.1"
_PATH: Final = re.compile(rb"[^ ]++ ([^ ?]*+)").match


def path_of(head: RequestHead) -> bytes:
    """The path, without the query; `*` where a server as a whole is asked."""
    found = _PATH(head.line)
    return found[1] if found else b""


def prefix_of(listener: "Listener") -> bytes:
    """What is taken away from the paths of a listener's requests, empty if nothing."""
    return b"" if not listener.strip_prefix or listener.path == "/" else listener.path.encode()


def stripped(head: RequestHead, prefix: bytes) -> RequestHead:
    """The request without what its path begins with, named in `X-Forwarded-Prefix` as by Traefik.

    Of the slashes that follow one is left, as nginx does: a target that begins with `//` would
    be a host's name to an application that redirects to it.
    """
    start, end = len(head.method) + 1 + len(prefix), -len(_VERSION)
    target = head.line[start:end].lstrip(b"/")
    line = b"%b /%b" % (head.method, target)
    first = b"%b HTTP/1.1\r\nX-Forwarded-Prefix: %b" % (line, prefix)
    return replace(head, line=line + head.line[end:], first=first)
