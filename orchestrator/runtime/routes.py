"""Where requests of each service may go: looked at anew only where something changed."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from orchestrator.core.endpoints import Routable, asleep, routable
from orchestrator.model.proxying import ProxySpec
from orchestrator.model.snapshot import Listener
from orchestrator.model.state import Desired
from orchestrator.runtime.cluster import Cluster
from orchestrator.runtime.listeners import listener_of


class Routes:
    """`core.endpoints` of the present state, and the listeners that follow from it.

    `sleeping`: the services that were asleep before.
    """

    def __init__(self, cluster: Cluster, sleeping: Collection[str]) -> None:
        self._cluster = cluster
        self._seen = Desired()
        self._asleep = frozenset(sleeping)
        self._ready: dict[str, tuple[Routable, ...]] = {}
        self._proxied: dict[str, ProxySpec] = {}
        self._listeners: dict[str, Listener] = {}
        self._certificate = ""

    def look(self) -> None:
        """Take in what is new."""
        desired, observed = self._cluster.desired.now, self._cluster.observed
        changed = observed.take_changed() | _differing(self._seen, desired)
        self._seen = desired
        if not changed:
            return
        wanted = {name: desired.services[name] for name in changed & desired.services.keys()}
        part = replace(desired, services=wanted)
        ready = routable(part, observed.of(wanted))
        self._asleep = (self._asleep - changed) | asleep(part, ready, self._asleep)
        for name in changed:
            self._listeners.pop(name, None)
            self._proxied.pop(name, None)
        self._proxied |= {
            name: service.spec.proxy for name, service in wanted.items() if service.spec.proxy
        }
        self._ready = {name: ready.get(name, self._ready.get(name, ())) for name in self._proxied}

    @property
    def secured(self) -> Mapping[str, tuple[str, ...]]:
        """The host names of each service with TLS."""
        return {name: spec.hosts for name, spec in self._proxied.items() if spec.tls}

    def listeners(self, certificate: str) -> tuple[Listener, ...]:
        """The listener of every service that has one, by name; TLS is by `certificate`, a path."""
        if certificate != self._certificate:
            self._listeners.clear()
            self._certificate = certificate
        for name in self._proxied.keys() - self._listeners.keys():
            self._listeners[name] = listener_of(
                name,
                self._proxied[name],
                self._ready[name],
                certificate=certificate,
                asleep=name in self._asleep,
            )
        return tuple(self._listeners[name] for name in sorted(self._listeners))


def _differing(before: Desired, after: Desired) -> set[str]:
    """Services that are new, gone or others; all of them if nodes are (a replica's zone may be)."""
    if before is after:
        return set()
    names = before.services.keys() | after.services.keys()
    if before.nodes is not after.nodes:
        return names
    one, other = before.services, after.services
    return {name for name in names if one.get(name) is not other.get(name)}
