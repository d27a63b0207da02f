"""Requests and responses, between ASGI's events and the handlers."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from .parsing import Problem, whole_number

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY_BYTES = 8 * 2**20
TITLES = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; the body is read only when a handler asks for it."""

    method: str
    path: str
    query: dict[str, str]
    headers: list[tuple[str, str]]
    receive: Receive

    @classmethod
    def from_scope(cls, scope: Scope, receive: Receive) -> "Request":
        pairs = scope["headers"]
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        return cls(scope["method"], scope["path"], query, headers, receive)

    def header(self, name: str, default: str) -> str:
        """The first value of the header `name` (lower case), or `default`."""
        return next((value for key, value in self.headers if key == name), default)

    def integer(self, name: str, default: int, lowest: int, highest: int) -> int:
        """The query parameter `name` as a number within the bounds; raises `Problem` 400."""
        return whole_number(name, self.query.get(name, str(default)), lowest, highest)

    async def body(self) -> bytes:
        """The whole body; raises `Problem` 413 above `MAX_BODY_BYTES`."""
        body = bytearray()
        more = True
        while more:
            event = await self.receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
            if len(body) > MAX_BODY_BYTES:
                raise Problem(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
        return bytes(body)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response; a body given as an iterator is streamed chunk by chunk."""

    body: bytes | AsyncIterator[bytes]
    status: int = 200
    content_type: str = "application/json"

    async def send(self, send: Send) -> None:
        headers = [(b"content-type", self.content_type.encode("latin-1"))]
        if isinstance(self.body, bytes):
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        if isinstance(self.body, bytes):
            await send({"type": "http.response.body", "body": self.body})
            return
        async for chunk in self.body:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def as_json(content: object, status: int = 200) -> Response:
    """A JSON response, one line."""
    return Response(json.dumps(content).encode() + b"\n", status)


def as_problem(problem: Problem) -> Response:
    """A problem as RFC 9457 wants it."""
    content = {
        "type": "about:blank",
        "title": TITLES[problem.status],
        "status": problem.status,
        "detail": problem.detail,
    }
    body = json.dumps(content).encode() + b"\n"
    return Response(body, problem.status, "application/problem+json")
