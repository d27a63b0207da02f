"""A bound on the bodies of requests. What is counted is content, not the framing of chunks."""

from orchestrator.proxy.body import Body, ChunkedBody, body_of
from orchestrator.proxy.syntax import CHUNKED, HttpError


class BoundedChunkedBody(ChunkedBody):
    """A chunked body of `limit` bytes at most: the chunk that would go beyond ends it, by its size
    alone, before anything of it is read. Raises `HttpError` (413) then."""

    __slots__ = ("_allowed", "_limit")

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = self._allowed = limit

    def _size(self, data: bytes, end: int) -> None:
        super()._size(data, end)
        self._allowed -= self._left
        if self._allowed < 0:
            raise too_large(self._limit)


def request_body(length: int, limit: int) -> Body:
    """As `body_of`, of `limit` bytes at most (0: any number). Raises `HttpError` (413)."""
    if not limit:
        return body_of(length)
    if length > limit:
        raise too_large(limit)
    return BoundedChunkedBody(limit) if length == CHUNKED else body_of(length)


def too_large(limit: int) -> HttpError:
    """The error for a request with a longer body."""
    return HttpError(413, f"request body larger than {limit} bytes")
