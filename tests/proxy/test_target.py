"""Paths in heads, and heads whose path loses its prefix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.proxy.request_head import RequestHead, forwarded_lines, parse_request
from orchestrator.proxy.target import path_of, stripped

FORWARDED = forwarded_lines("192.0.2.1")


def head(
    target: str, *headers: str, method: str = "GET", known: RequestHead | None = None
) -> RequestHead:
    lines = (f"{method} {target} HTTP/1.1", "Host: shop.test", *headers)
    data = "\r\n".join(lines).encode() + b"\r\n\r\n"
    parsed = parse_request(data, FORWARDED, b"proxy", known)
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    ("method", "target", "path"),
    [
        ("GET", "/", "/"),
        ("GET", "/a/b?c=/d?e", "/a/b"),
        ("GET", "/?", "/"),
        ("GET", "http://shop.test/a?b", "/a"),
        ("GET", "http://SHOP.test", "/"),
        ("OPTIONS", "*", "*"),
        ("OPTIONS", "http://shop.test", "*"),
        ("PATCH", "//a/%2Fb/../c", "//a/%2Fb/../c"),
    ],
)
def test_the_path(method: str, target: str, path: str) -> None:
    assert path_of(head(target, method=method)) == path.encode()


@pytest.mark.parametrize(
    ("target", "rest"),
    [
        ("/api", "/"),
        ("/api/", "/"),
        ("/api/x/", "/x/"),
        ("/api?q=/api", "/?q=/api"),
        ("/api/?q", "/?q"),
        ("/api/api", "/api"),
        ("/api//evil.test/x", "/evil.test/x"),
        ("/api////", "/"),
        ("/api/../x", "/../x"),
        ("/api/%2F/x", "/%2F/x"),
        ("http://shop.test/api/x", "/x"),
    ],
)
def test_a_prefix_goes_and_is_named(target: str, rest: str) -> None:
    asked = head(target, "X-Forwarded-Prefix: /forged", "X-A: /api")
    sent = stripped(asked, b"/api")
    line, prefix = sent.first.split(b"\r\n")
    assert line == f"GET {rest} HTTP/1.1".encode()
    assert prefix == b"X-Forwarded-Prefix: /api"
    assert sent.line == line
    assert sent.headers is asked.headers
    assert b"forged" not in sent.headers.lines


def test_what_is_known_of_a_connection_stays_as_it_is() -> None:
    first = head("/api/x", "X-A: b")
    assert b"Prefix" in stripped(first, b"/api").first
    other = head("/other", "X-A: b", known=first)
    assert other.headers is first.headers
    assert b"Prefix" not in other.first
    assert head("/api/x", "X-A: b", known=first) is first
    assert (first.line, first.first) == (b"GET /api/x HTTP/1.1",) * 2


@given(st.text(st.sampled_from("/a.%?"), max_size=20))
def test_no_target_becomes_the_name_of_a_host(rest: str) -> None:
    target = stripped(head("/api/" + rest), b"/api").first.split(b" ")[1]
    assert target.startswith(b"/")
    assert not target.startswith(b"//")
    assert target == b"/" + rest.lstrip("/").encode()
