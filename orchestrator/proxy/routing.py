"""Whose request is it: by host name, then by path prefix. No sockets here.

Precedence as in the Kubernetes Gateway API: a host's own routes, then those of wildcards, the
longest first, then those of any host; of one host's the longest path. A host without a route for
the path falls through to less specific ones.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, Generic, TypeVar

T = TypeVar("T")

ANY_PATH: Final = "/"
# Of a name in DNS (RFC 1035 2.3.4), in its text form. Longer ones are nobody's.
MAX_HOST_BYTES: Final = 253
KEPT_HOSTS: Final = 64

_DOT: Final = b"."


class Router(Generic[T]):
    """Finds a target for a host and a path.

    `routes`: hosts (`shop.localhost`, `*.shop.localhost`; none: any), path prefix, target. Of two
    that are the same the first is found.
    """

    def __init__(self, routes: Iterable[tuple[Iterable[str], str, T]]) -> None:
        # Lower case; a wildcard without its star; b"" for any host.
        self._paths: dict[bytes, list[tuple[bytes, T]]] = {}
        self._wildcards: dict[bytes, list[tuple[bytes, T]]] = {}
        for hosts, path, target in routes:
            prefix = b"" if path == ANY_PATH else path.encode() + b"/"
            for host in hosts or ("",):
                self._of(host.lower().encode()).append((prefix, target))
        for paths in (*self._paths.values(), *self._wildcards.values()):
            paths.sort(key=_longest_first)
        # Clients name one host again and again: 0.2 µs where a new one takes 1.0.
        self._paths_of = lru_cache(KEPT_HOSTS)(
            lambda host: tuple(self._candidates(host_name(host)))
        )

    def _of(self, host: bytes) -> list[tuple[bytes, T]]:
        if host.startswith(b"*"):
            return self._wildcards.setdefault(host[1:], [])
        return self._paths.setdefault(host, [])

    def find(self, host: bytes, path: bytes) -> T | None:
        """The target for a well-formed `Host` and a path as sent, without its query."""
        whole = path + b"/"  # so that /api is a prefix of /api and /api/x, not of /apix
        for paths in self._paths_of(host):
            for prefix, target in paths:
                if whole.startswith(prefix):
                    return target
        return None

    def _candidates(self, name: bytes) -> Iterator[list[tuple[bytes, T]]]:
        """The routes that the host may have, the most specific host first."""
        if len(name) <= MAX_HOST_BYTES:
            if name in self._paths:
                yield self._paths[name]
            at = name.find(_DOT, 1) if self._wildcards else -1
            while at > 0:
                if name[at:] in self._wildcards:
                    yield self._wildcards[name[at:]]
                at = name.find(_DOT, at + 1)
        if b"" in self._paths:
            yield self._paths[b""]


def host_name(host: bytes) -> bytes:
    """The name in a well-formed `Host`: lower case, without port and final dot."""
    colon = host.rfind(b":")
    name = host[:colon] if colon > host.rfind(b"]") else host
    return name.lower().removesuffix(_DOT)


def _longest_first(route: tuple[bytes, object]) -> int:
    return -len(route[0])
