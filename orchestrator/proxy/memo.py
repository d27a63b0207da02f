"""Heads that are the same byte for byte are read once.

A replica says the same about every answer, but for a date that changes each second and a length;
a client of a load test, a poll or a probe asks the same again and again. What is compared is the
whole head, so that nothing is ever taken for something else.
"""

from functools import lru_cache
from typing import Final

from orchestrator.proxy.request_head import RequestHead, parse_request
from orchestrator.proxy.response_head import ResponseHead, parse_response
from orchestrator.proxy.syntax import END_OF_HEAD

KEPT: Final = 256
LONGEST_KEPT: Final = 2048
"""Bounds the memory: half a megabyte for all answers, some 5 KB for each connection of a client."""


def response_of(data: bytes, to_head: bool) -> ResponseHead | None:
    """As `parse_response`: 0.4 µs where that takes 2.4 µs, and 0.7 µs more where it is new."""
    end = data.find(END_OF_HEAD) + len(END_OF_HEAD)
    if len(END_OF_HEAD) <= end <= LONGEST_KEPT:
        return _response(data[:end], to_head)
    return parse_response(data, to_head)


@lru_cache(KEPT)
def _response(head: bytes, to_head: bool) -> ResponseHead | None:
    parsed = parse_response(head, to_head)
    if parsed is not None:
        parsed.lines = [b"".join(parsed.lines)]
    return parsed


class LastRequest:
    """The last request of one connection that came as a head and nothing else."""

    __slots__ = ("_data", "_head")

    def __init__(self) -> None:
        self._data = b""
        self._head: RequestHead | None = None

    def head_of(self, data: bytes, forwarded: bytes, authority: bytes) -> RequestHead | None:
        """As `parse_request`; a repeated head costs 0.1 µs instead of 1.7 µs (a browser's: 3.7)."""
        if data == self._data:
            return self._head
        head = parse_request(data, forwarded, authority)
        if head is not None and head.end == len(data) <= LONGEST_KEPT:
            self._data, self._head = data, head
        return head
