"""Header lines that a service's manifest removes and sets, in passing.

The heads are well-formed by then, so a line is one match of an expression, whatever its case and
however often it comes. The result is kept beside what the head's lines said, and is good for the
rules that made it alone.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.model.snapshot import HeaderRules
    from orchestrator.proxy.request_head import RequestHead
    from orchestrator.proxy.response_head import ResponseHead


class HeaderEdit:
    """The rules of one direction, ready to be applied."""

    def __init__(self, rules: "HeaderRules") -> None:
        names = {*rules.remove, *(name for name, _ in rules.set)}
        alternatives = "|".join(map(re.escape, sorted(names)))
        self._unwanted = re.compile(rf"\r\n(?i:{alternatives}):[^\r]*+".encode())
        self._added = "".join(f"\r\n{name}: {value}" for name, value in rules.set).encode()

    def apply(self, lines: bytes) -> bytes:
        """Header lines, each after its line end and without the end of the head, as they go on.
        A start line before them stays as it is."""
        return self._unwanted.sub(b"", lines) + self._added

    def request(self, request: "RequestHead") -> bytes:
        """The header lines for a replica, without what the proxy says of this request alone."""
        known = request.headers
        if known.edited is None or known.edited[0] is not self:
            known.edited = (self, self.apply(known.lines))
        return known.edited[1]

    def response(self, head: "ResponseHead") -> bytes:
        """Status line and header lines for the client, without what the proxy adds for this hop."""
        if head.edited is None or head.edited[0] is not self:
            head.edited = (self, self.apply(head.lines))
        return head.edited[1]


@lru_cache(256)
def edit_of(rules: "HeaderRules") -> HeaderEdit | None:
    """The same one for the same rules, so that a new snapshot spoils nothing that is kept; None
    where they change nothing."""
    return HeaderEdit(rules) if rules.set or rules.remove else None
