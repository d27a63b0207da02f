"""Input made to cost time: every expression is linear in it."""

import pytest

from orchestrator.proxy.body import ChunkedBody
from orchestrator.proxy.request_head import parse_request
from orchestrator.proxy.response_head import parse_response
from orchestrator.proxy.syntax import HttpError
from tests.support.cost import cpu_s

SIZE = 100_000
LIMIT_S = 0.05
START = b"GET / HTTP/1.1\r\nHost: a\r\n"

HEADS = {
    "one long name": START + b"a" * SIZE,
    "one long value": START + b"a: " + b" " * SIZE,
    "blanks, then a fault": START + b"a: " + b" \t" * (SIZE // 2) + b"\x00\r\n\r\n",
    "many headers": START + b"a:b\r\n" * (SIZE // 5) + b"\r\n",
    "many headers, then a fault": START + b"a:b\r\n" * (SIZE // 5) + b"\x00\r\n\r\n",
    "many line ends": b"\r\n" * (SIZE // 2),
    "almost special headers": START + b"connectio:x\r\n" * (SIZE // 13) + b"\r\n",
    "options of Connection": START + b"Connection: " + b"a," * (SIZE // 2) + b"\r\n\r\n",
    "long target": b"GET /" + b"a" * SIZE + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "long method": b"A" * SIZE + b" / HTTP/1.1\r\nHost: a\r\n\r\n",
}
BODIES = {
    "size": b"1" * SIZE,
    "extensions": b"1" + b";a=b" * (SIZE // 4),
    "quoted extension": b'1;a="' + b"\\a" * (SIZE // 2),
    "one-byte chunks": b"1\r\na\r\n" * (SIZE // 24),
    "trailers": b"0\r\n" + b"a: b\r\n" * (SIZE // 6),
}


@pytest.mark.parametrize("data", HEADS.values(), ids=HEADS)
def test_heads_cost_linear_time(data: bytes) -> None:
    assert cpu_s(lambda: parse_request(data, b"", b"a"), LIMIT_S, HttpError) < LIMIT_S
    response = b"HTTP/1.1 200 OK\r\n" + data.partition(b"\r\n")[2]
    assert cpu_s(lambda: parse_response(response, False), LIMIT_S, HttpError) < LIMIT_S


@pytest.mark.parametrize("data", BODIES.values(), ids=BODIES)
def test_chunks_cost_linear_time(data: bytes) -> None:
    assert cpu_s(lambda: ChunkedBody().feed(data), LIMIT_S, HttpError) < LIMIT_S
