"""Who may listen where: services share a port if every request to it is for one of them.

Two sockets on one port have no address in common; 0.0.0.0 is all of IPv4. Services on one socket
speak HTTP, and no host and path belongs to two of them.
"""

from collections.abc import Hashable, Iterable
from typing import Final, Generic, TypeVar

from orchestrator.model.proxying import ProxySpec

T = TypeVar("T")

Route = tuple[str, str]

REMEDY: Final = "give each service hosts or a path of its own, or another port"

# The local addresses that each host listens on.
_ADDRESSES: Final = {
    "127.0.0.1": ("127.0.0.1",),
    "0.0.0.0": ("127.0.0.1", "other IPv4"),  # noqa: S104
    "::1": ("::1",),
    "localhost": ("127.0.0.1", "::1"),
}


class Claims(Generic[T]):
    """Addresses and routes, and whose they are."""

    def __init__(self) -> None:
        self._sockets: dict[Hashable, tuple[Hashable, T]] = {}
        self._routes: dict[tuple[Hashable, Route], T] = {}

    def claim(
        self, who: T, addresses: Iterable[Hashable], common: Hashable, routes: Iterable[Route]
    ) -> T | None:
        """Have the routes at these addresses; if another leaves no room: that one.

        `common`: what all at an address have to agree on; None is shared with nobody.
        """
        addresses, routes = tuple(addresses), tuple(routes)
        for address in addresses:
            if address in self._sockets:
                theirs, other = self._sockets[address]
                if common is None or theirs != common:
                    return other
            for route in routes:
                if (address, route) in self._routes:
                    return self._routes[address, route]
        for address in addresses:
            self._sockets.setdefault(address, (common, who))
            self._routes |= {(address, route): who for route in routes}
        return None

    def claim_port(self, who: T, proxy: ProxySpec) -> T | None:
        """Have what a manifest asks for; if another leaves no room: that one."""
        addresses = [(proxy.listen, address) for address in _ADDRESSES[proxy.host]]
        host = "127.0.0.1" if proxy.host == "localhost" else proxy.host
        common = (host, proxy.tls) if proxy.protocol == "http" else None
        routes = [(name, proxy.path) for name in proxy.hosts or ("",)]
        return self.claim(who, addresses, common, routes)
