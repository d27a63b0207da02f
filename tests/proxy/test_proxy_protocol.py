"""The header that tells a replica the client's address."""

import pytest

from orchestrator.proxy.proxy_protocol import proxy_header
from tests.proxy.conftest import Proxy
from tests.proxy.tcp_support import (
    say_back,
)
from tests.support.wait import eventually_async


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_the_replica_learns_the_clients_address_first(proxy: Proxy, version: str) -> None:
    replica = await proxy.serve(say_back, protocol="tcp", proxy_protocol=version)
    async with await proxy.client() as client:
        await client.send(b"hello")
        own = client.writer.get_extra_info("sockname")
        expected = proxy_header(version, own, ("127.0.0.1", proxy.port)) + b"hello"
        await eventually_async(lambda: bytes(replica.received) == expected)


def test_version_1_is_a_line() -> None:
    line = proxy_header("v1", ("192.168.0.1", 56324), ("192.168.0.11", 443))
    assert line == b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"
    line = proxy_header("v1", ("fe80::1%eth0", 56324, 0, 2), ("::1", 443, 0, 0))
    assert line == b"PROXY TCP6 fe80::1 ::1 56324 443\r\n"
    assert proxy_header("v1", None, ("::1", 443, 0, 0)) == b"PROXY UNKNOWN\r\n"


def test_version_2_is_binary() -> None:
    signature = bytes.fromhex("0d0a0d0a000d0a515549540a")
    assert proxy_header("v2", ("192.168.0.1", 56324), ("192.168.0.11", 443)) == (
        signature + bytes.fromhex("21 11 000c c0a80001 c0a8000b dc04 01bb")
    )
    client, listener = ("fe80::1", 56324, 0, 0), ("2001:db8::2", 443, 0, 0)
    assert proxy_header("v2", client, listener) == (
        signature
        + bytes.fromhex("21 21 0024 fe800000000000000000000000000001")
        + bytes.fromhex("20010db8000000000000000000000002 dc04 01bb")
    )
    assert proxy_header("v2", None, listener) == signature + bytes.fromhex("20 00 0000")
