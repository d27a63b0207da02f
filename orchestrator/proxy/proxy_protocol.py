"""What tells a replica the client's address at the start of a connection.

Source: HAProxy, doc/proxy-protocol.txt, sections 2.1 (version 1) and 2.2 (version 2).
"""

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_LOCAL: Final = 0x20
_PROXY: Final = 0x21
_FAMILIES: Final = {4: 0x11, 6: 0x21}  # TCP over IPv4, TCP over IPv6

# As sockets name themselves and their peers; None once there is no peer any more.
Address = tuple[str, int] | tuple[str, int, int, int] | None


def proxy_header(version: str, client: Address, listener: Address) -> bytes:
    """The header for a connection of `client` to `listener`; `version` is `v1` or `v2`.

    Without addresses it says so: `UNKNOWN` in version 1, `LOCAL` in version 2.
    """
    return _text(client, listener) if version == "v1" else _binary(client, listener)


def _text(client: Address, listener: Address) -> bytes:
    if not client or not listener:
        return b"PROXY UNKNOWN\r\n"
    source, target = _ip(client), _ip(listener)
    line = f"PROXY TCP{source.version} {source} {target} {client[1]} {listener[1]}\r\n"
    return line.encode()


def _binary(client: Address, listener: Address) -> bytes:
    if not client or not listener:
        return SIGNATURE + struct.pack("!BBH", _LOCAL, 0, 0)
    source, target = _ip(client), _ip(listener)
    block = source.packed + target.packed + struct.pack("!HH", client[1], listener[1])
    return SIGNATURE + struct.pack("!BBH", _PROXY, _FAMILIES[source.version], len(block)) + block


def _ip(address: tuple[str, int] | tuple[str, int, int, int]) -> IPv4Address | IPv6Address:
    host, _, _ = address[0].partition("%")  # behind it: the interface of a link-local address
    return ip_address(host)
