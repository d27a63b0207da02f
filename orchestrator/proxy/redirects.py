"""Requests that are sent elsewhere by the proxy itself, without a replica."""

from typing import TYPE_CHECKING

from orchestrator.proxy.replies import Redirection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.model.snapshot import Redirect
    from orchestrator.proxy.request_head import RequestHead


class Redirects:
    """A service's redirects: of those whose path fits, the longest decides."""

    def __init__(self, redirects: "Sequence[Redirect]") -> None:
        rules = [(one.prefix.rstrip("/").encode(), one.to, one.status) for one in redirects]
        self._rules = sorted(rules, key=lambda rule: -len(rule[0]))

    def of(self, request: "RequestHead") -> Redirection | None:
        """Where the request has to go, None if here.

        Paths are compared as they came, segment by segment: `/old` fits `/old` and `/old/a`, not
        `/older` and not `/%6fld`.
        """
        target = request.line.split(b" ")[1]
        path, mark, query = target.partition(b"?")
        for prefix, to, status in self._rules:
            if path == prefix or path.startswith(prefix + b"/"):
                location = _joined(to, path[len(prefix) :].decode()) + (mark + query).decode()
                return Redirection(status, location)
        return None


def _joined(to: str, rest: str) -> str:
    """`to` and the rest of the path behind it, with one slash between.

    A browser reads a Location that begins with `//` or `/\\` as another host: with `to: /` a client
    could be led to wherever a link says.
    """
    if not rest:
        return to
    return to.rstrip("/") + "/" + rest.lstrip("/\\")
