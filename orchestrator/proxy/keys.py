"""What a request is hashed by: its client's address, a header or a cookie."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from orchestrator.proxy.exchange import Exchange
    from orchestrator.proxy.tcp import Session

    Caller: TypeAlias = Exchange | Session

Finder = Callable[[bytes], bytes | None]


def key_reader(hash_on: str) -> "Callable[[Caller], bytes]":
    """A function from a request (or a TCP session) to its key; `hash_on`: `source`,
    `header:NAME` or `cookie:NAME`. A request without that is hashed by its client's address."""
    kind, _, name = hash_on.partition(":")
    if kind == "source":
        return _source
    find = header_finder(name) if kind == "header" else cookie_finder(name)

    def read(caller: "Caller") -> bytes:
        request = getattr(caller, "request", None)
        found = find(request.headers.lines) if request is not None else None
        return found or _source(caller)

    return read


def _source(caller: "Caller") -> bytes:
    return caller.client.peer.encode()


def header_finder(name: str) -> Finder:
    """A function from a request head to the header's first value; None where there is none."""
    found = re.compile(rb"\r\n(?i:" + re.escape(name).encode() + rb"):[ \t]*+([^\r]*+)").search
    return _first_group(found)


def cookie_finder(name: str) -> Finder:
    """A function from a request head to the cookie's value; None where there is none."""
    found = re.compile(
        rb"\r\n(?i:cookie):(?:[^\r]*;)?[ \t]*" + re.escape(name).encode() + rb"=([^;\r \t]*)"
    ).search
    return _first_group(found)


def _first_group(search: Callable[[bytes], re.Match[bytes] | None]) -> Finder:
    def find(head: bytes) -> bytes | None:
        found = search(head)
        return found[1] if found else None

    return find
