"""Who may talk to the API: programs and pages of this machine, addressed to this very server.

Three gates before any route, docs and streams included: the Host names us (a page of a stranger
whose name was rebound to 127.0.0.1 names itself), a foreign or null Origin is refused on every
write (a stranger's page cannot forge one), and a write is JSON (what plain forms cannot send).
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.api.problems import problem_response

MAX_BODY_BYTES: Final = 4 * 2**20
_SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")


class Gate:
    """ASGI middleware that lets only requests through that are meant for us."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer with a problem."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], headers)
        if refusal is not None:
            status, detail, remedy = refusal
            await problem_response(status, detail, remedy)(scope, receive, send)
            return
        await self._app(scope, _bounded(receive), send)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str, str] | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 403, "this Host is not ours", f"use {min(self._hosts)}"
        if method in _SAFE_METHODS:
            return None
        origins = headers.getlist("origin")
        if origins and (len(origins) > 1 or origins[0].lower() not in self._origins):
            return 403, "a page of another origin may not write here", ""
        return _body_refusal(method, headers)


def _body_refusal(method: str, headers: Headers) -> tuple[int, str, str] | None:
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length[:20]) > MAX_BODY_BYTES:
        return 413, f"a body has at most {MAX_BODY_BYTES} bytes", ""
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if method != "DELETE" and content_type != "application/json":
        return 415, "a write is JSON", "send Content-Type: application/json"
    return None


def _bounded(receive: Receive) -> Receive:
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > MAX_BODY_BYTES:
                # A chunked body that never ends: the sender is not worth an answer.
                return {"type": "http.disconnect"}
        return message

    return bounded
