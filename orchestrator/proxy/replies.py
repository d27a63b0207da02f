"""The proxy's own answers: short, in words, and told apart from the application's.

`Proxy-Status` names the proxy and the cause in RFC 9209's terms.
"""

from http import HTTPStatus
from typing import Final

from orchestrator.proxy.syntax import HttpError

RETRY_AFTER_S: Final = 1
# With a 405 goes what is not (RFC 9110 15.5.6): its methods and PATCH (RFC 5789), less CONNECT.
ALLOWED: Final = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE"


class Redirection(HttpError):
    """The answer is at `location`."""

    def __init__(self, status: int, location: str) -> None:
        super().__init__(status, "redirected")
        self.location = location


def reply(error: HttpError, keep_alive: bool, to_head: bool = False) -> bytes:
    """The complete response for `error`. `to_head`: without its body."""
    body = f"{error.reason}\n".encode()
    retry_after_s = error.retry_after_s or (RETRY_AFTER_S if error.status == 503 else 0)
    retry = f"Retry-After: {retry_after_s}\r\n" if retry_after_s else ""
    allow = f"Allow: {ALLOWED}\r\n" if error.status == 405 else ""
    why = f"Proxy-Status: orch; error={error.error}"
    if isinstance(error, Redirection):
        why = f"Location: {error.location}"
    connection = "" if keep_alive else "Connection: close\r\n"
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
        f"Server: orch-proxy\r\n{why}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        f"{retry}{allow}{connection}\r\n"
    ).encode()
    return head if to_head else head + body


def no_replica(service: str) -> HttpError:
    """Nothing is ready to take the request."""
    return HttpError(503, f"no ready replica of service {service}", "destination_unavailable")


def no_route() -> HttpError:
    """No service has the request's host and path. RFC 9209 2.3.3."""
    return HttpError(404, "nothing is served here", "destination_not_found")


def too_many_connections(service: str) -> HttpError:
    """As many clients as may be connected are."""
    reason = f"too many connections to service {service}"
    return HttpError(503, reason, "http_request_denied")


def too_many_requests(service: str) -> HttpError:
    """As many requests as may be in flight are."""
    reason = f"too many requests to service {service} at a time"
    return HttpError(503, reason, "connection_limit_reached")


def too_often(wait_s: int) -> HttpError:
    """The client's address sends requests faster than it may."""
    return HttpError(429, "too many requests from this address", "http_request_denied", wait_s)


def queue_full(service: str) -> HttpError:
    """As many requests as may wait do."""
    reason = f"no replica of service {service} has room and its queue is full"
    return HttpError(503, reason, "connection_limit_reached")


def queue_timeout(service: str) -> HttpError:
    """The request waited as long as it may."""
    reason = f"all replicas of service {service} are busy"
    return HttpError(503, reason, "connection_limit_reached")


def none_came(service: str) -> HttpError:
    """The request waited for a first replica as long as it may."""
    reason = f"service {service} has no replica, and none came in time"
    return HttpError(503, reason, "destination_unavailable")


def none_connects(service: str) -> HttpError:
    """Every ready replica was tried, none accepted the connection."""
    reason = f"no replica of service {service} accepts connections"
    return HttpError(503, reason, "connection_refused")


def exhausted(service: str) -> HttpError:
    """This proxy itself is out of sockets."""
    reason = f"out of sockets on the way to service {service}"
    return HttpError(503, reason, "proxy_internal_error")


def replica_died(replica: str) -> HttpError:
    """The replica's connection ended before its response; the request may have taken effect."""
    return HttpError(502, f"replica {replica} closed the connection", "connection_terminated")


def overdue(service: str) -> HttpError:
    """The request and its answer took longer in all than they may."""
    reason = f"service {service} did not answer in the time a request may take"
    return HttpError(504, reason, "http_response_timeout")


def client_silent() -> HttpError:
    """The client did not send on."""
    return HttpError(408, "request body incomplete", "http_request_error")


def replica_silent(replica: str) -> HttpError:
    """The replica did not answer in time."""
    return HttpError(504, f"replica {replica} did not answer in time", "http_response_timeout")
