"""A response on its way to the client: its head made for this hop, its body as it comes."""

from typing import TYPE_CHECKING

from orchestrator.proxy.body import Body, Piece, body_of
from orchestrator.proxy.ejection import report_failure
from orchestrator.proxy.response_head import ResponseHead, malformed
from orchestrator.proxy.syntax import CHUNKED, END_OF_HEAD, UNTIL_CLOSE
from orchestrator.proxy.writing import write_together

if TYPE_CHECKING:
    from orchestrator.proxy.exchange import Exchange
    from orchestrator.proxy.upstream import UpstreamConnection


def informed(exchange: "Exchange", head: ResponseHead) -> None:
    """An interim response (1xx) goes on to the client; HTTP/1.0 knows none."""
    if not exchange.request.http10:
        exchange.client.transport.write(head.lines + END_OF_HEAD)
    exchange.touch()


def answered(
    exchange: "Exchange", upstream: "UpstreamConnection", head: ResponseHead, data: bytes
) -> None:
    """The final response begins in `data`, head and what there is of its body."""
    if head.status == 101:
        _open_tunnel(exchange, upstream, head, data)
        return
    if head.status >= 500:
        report_failure(exchange.client.frontend, exchange.backend, f"answered {head.status}")
    exchange.reusable = head.keep_alive
    rest = data[head.end :]
    if len(rest) == head.length:
        # Most responses arrive whole: no body object, 0.4 µs less.
        lines, end = _start(exchange, head, head.length)
        write_together(exchange.client.transport, [lines, end, rest], exchange.bytes_out)
        exchange.complete(upstream)
        return
    body = upstream.body = body_of(head.length, framed=not exchange.request.http10)
    pieces = body.feed(rest) if rest else []
    lines, end = _start(exchange, head, sum(map(len, pieces)))
    write_together(exchange.client.transport, [lines, end, *pieces], exchange.bytes_out)
    _relayed(exchange, upstream, body)


def _start(exchange: "Exchange", head: ResponseHead, size: int) -> tuple[bytes, bytes]:
    """The head, in two parts, that goes out now with `size` bytes of the body."""
    exchange.reply_started = True
    edit = exchange.client.frontend.response_edit
    lines = head.lines if edit is None else edit.response(head)
    end = _end_of_head(exchange, head)
    exchange.head_bytes = len(lines) + len(end)
    exchange.bytes_out = exchange.head_bytes + size
    return lines, end


def _end_of_head(exchange: "Exchange", head: ResponseHead) -> bytes:
    """The header lines for this hop, and the end of the head."""
    client, frontend = exchange.client, exchange.client.frontend
    http10, named = exchange.request.http10, frontend.replica_header
    exchange.status = head.status
    if head.length == UNTIL_CLOSE or (http10 and head.length == CHUNKED):
        client.keep_alive = False
    if frontend.closing or client.body is not None:
        client.keep_alive = False
    if client.keep_alive and head.length >= 0 and not http10 and not exchange.cookie_line:
        return exchange.backend.replica_line_and_end if named else END_OF_HEAD
    lines = [exchange.backend.replica_line] if named else []
    if exchange.cookie_line:
        lines.append(exchange.cookie_line)
    if head.length == CHUNKED and not http10:
        lines.append(b"\r\nTransfer-Encoding: chunked")
    if not client.keep_alive:
        lines.append(b"\r\nConnection: close")
    elif http10:
        lines.append(b"\r\nConnection: keep-alive")
    lines.append(END_OF_HEAD)
    return b"".join(lines)


def relay(
    exchange: "Exchange", upstream: "UpstreamConnection", pieces: list[Piece], body: Body
) -> None:
    """A part of the response's body."""
    exchange.client.transport.writelines(pieces)
    exchange.bytes_out += sum(map(len, pieces))
    _relayed(exchange, upstream, body)


def _relayed(exchange: "Exchange", upstream: "UpstreamConnection", body: Body) -> None:
    if body.done:
        exchange.reusable = exchange.reusable and not body.surplus
        exchange.complete(upstream)
    else:
        exchange.touch()


def _open_tunnel(
    exchange: "Exchange", upstream: "UpstreamConnection", head: ResponseHead, data: bytes
) -> None:
    if not exchange.request.headers.upgrade or not head.upgrade:
        exchange.broken(malformed("replica switched protocols unasked"))
        return
    client = exchange.client
    exchange.reply_started = exchange.detour = True
    exchange.status = 101
    client.frontend.count_response(exchange.status)
    exchange.backend.count_response(exchange.status)
    replica = exchange.backend.replica_line if client.frontend.replica_header else b""
    upgrade = (b"\r\nConnection: upgrade\r\nUpgrade: ", head.upgrade, END_OF_HEAD)
    switch = b"".join((head.lines, replica, *upgrade))
    exchange.head_bytes, exchange.bytes_out = len(switch), len(switch) + len(data) - head.end
    client.transport.write(switch + data[head.end :])
    client.start_tunnel(upstream)
