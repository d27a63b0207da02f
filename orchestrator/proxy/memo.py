"""Response heads that are the same byte for byte are read once.

A replica says the same about every answer, but for a length, and a date that changes each second.
What is compared is the whole head, so that nothing is ever taken for something else: first with
the last head of the connection, then with those the worker keeps.
"""

from functools import lru_cache
from typing import Final

from orchestrator.proxy.response_head import ResponseHead, parse_response
from orchestrator.proxy.syntax import END_OF_HEAD

KEPT: Final = 256
LONGEST_KEPT: Final = 2048
"""Bytes. Bounds the memory: to a megabyte for all of a worker."""


def response_of(
    data: bytes, to_head: bool, last: ResponseHead | None = None
) -> ResponseHead | None:
    """As `parse_response`: 0.4 µs where that takes 2.4 µs, and 0.7 µs more where it is new.

    `last`: what was read last, of the same connection; 0.1 µs where this is the same.
    """
    if last is not None and last.received and not to_head and data.startswith(last.received):
        return last
    end = data.find(END_OF_HEAD) + len(END_OF_HEAD)
    if len(END_OF_HEAD) <= end <= LONGEST_KEPT:
        return _response(data[:end], to_head)
    return parse_response(data, to_head)


@lru_cache(KEPT)
def _response(head: bytes, to_head: bool) -> ResponseHead | None:
    parsed = parse_response(head, to_head)
    if parsed is not None and not to_head:
        parsed.received = head
    return parsed
