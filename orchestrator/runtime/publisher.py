"""Tells the proxy where requests may go, whenever that changes."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

from orchestrator.core.endpoints import departed
from orchestrator.model import snapshot as proxy
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.state import Desired, Phase, Replica, ReplicaId
from orchestrator.runtime.certificates import Certificates, names_of
from orchestrator.runtime.cluster import Cluster
from orchestrator.runtime.listeners import listener_of
from orchestrator.runtime.proxy_supervisor import ProxySupervisor, open_listener
from orchestrator.runtime.routes import Routes

# How long a controller that takes over waits for first probes before it says what is ready:
# until then workers go on with what the one before it said.
HOLD_S: Final = 2.0
RETRY_S: Final = 1.0
# How often it is seen whether a certificate is about to expire: it is renewed weeks before.
LOOK_AGAIN_S: Final = 3_600.0


class Publisher:
    """Computes the snapshot of listeners and endpoints, and sends it when it is new."""

    def __init__(
        self, supervisor: ProxySupervisor, cluster: Cluster, certificates: Certificates
    ) -> None:
        self._supervisor = supervisor
        self._cluster = cluster
        self._certificates = certificates
        self._certificate = ""
        self._sent: tuple[proxy.Listener, ...] | None = None
        self._routed: dict[str, frozenset[str]] = {}
        self._version = 0
        self._routes: Routes | None = None  # None: the workers that were found may not be known
        self._wanted = asyncio.Event()
        self._lock = asyncio.Lock()
        self._held: set[ReplicaId] = set()
        self._held_until = 0.0
        self._free = asyncio.Event()
        self._free.set()
        self._trouble = ""

    def hold_until_known(self, replicas: Sequence[Replica]) -> None:
        """Replicas found running were routed to a moment ago: let a probe speak first."""
        self._held = {replica.id for replica in replicas if replica.phase is Phase.RUNNING}
        self._held_until = self._cluster.clock.monotonic() + HOLD_S
        if self._held:
            self._free.clear()

    def routed(self, service: str) -> frozenset[str]:
        """The replicas (`web-1.1`) that every proxy worker sends requests of the service to."""
        return self._routed.get(service, frozenset())

    def request(self) -> None:
        """Something changed: see whether the proxy has to know."""
        self._wanted.set()

    async def run(self) -> None:
        """Publish when asked to, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(
                    RETRY_S if self._trouble or self._held else LOOK_AGAIN_S
                ):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            if not self._holding():
                self._free.set()
                await self._publish_or_tell()

    async def unroute(self, id_: ReplicaId, drain_s: float) -> None:
        """Return when no worker sends the replica requests, and those in flight have ended or
        `drain_s` seconds have passed."""
        with contextlib.suppress(TimeoutError):  # Else all that are not known yet go with it.
            async with asyncio.timeout(HOLD_S):
                await self._free.wait()
        await self._publish_or_tell()
        await self._supervisor.drain(str(id_), drain_s)

    def check_ports(self, proposed: Desired) -> None:
        """Raises `PortInUseError` if a listener that is new cannot listen."""
        for name, service in proposed.services.items():
            if (spec := service.spec.proxy) is not None:
                listener = listener_of(name, spec, ())
                if listener.address not in self._supervisor.addresses:
                    open_listener(listener).close()

    def _holding(self) -> bool:
        known = self._cluster.observed.replicas
        waiting = {
            id_
            for id_ in self._held
            if id_ in known and known[id_].phase is Phase.RUNNING and not known[id_].ready
        }
        self._held = waiting if self._cluster.clock.monotonic() < self._held_until else set()
        return bool(self._held)

    async def _publish_or_tell(self) -> None:
        try:
            await self._publish()
        except OrchestratorError as error:
            if str(error) != self._trouble:
                self._cluster.log.warning("ProxyError", "project", f"{error} ({error.remedy})")
            self._trouble = str(error)
        else:
            self._trouble = ""
        self._tell_gone()

    def _tell_gone(self) -> None:
        """A replica that leaves in order is unrouted and ends its requests. One that is no more
        never will: tell it apart, by its name, so that no gap in what is known cuts a request."""
        supervisor, observed = self._supervisor, self._cluster.observed
        if lost := departed(supervisor.lingering, observed.replicas.values()):
            supervisor.tell_gone(lost)

    async def _publish(self) -> None:
        async with self._lock:
            if self._routes is None:
                self._routes = Routes(self._cluster, self._supervisor.asleep)
            self._routes.look()
            secured = self._routes.secured
            trouble = self._certify(secured)
            listeners = tuple(
                listener
                for listener in self._routes.listeners(self._certificate)
                if listener.certificate or listener.service not in secured
            )
            if listeners != self._sent:
                await self._send(listeners)
            if trouble is not None:
                raise trouble

    async def _send(self, listeners: tuple[proxy.Listener, ...]) -> None:
        self._version += 1
        await self._supervisor.publish(proxy.Snapshot(self._version, listeners))
        self._sent = listeners
        self._confirmed(
            {
                listener.service: frozenset(endpoint.id for endpoint in listener.endpoints)
                for listener in listeners
            }
        )

    def _certify(self, secured: Mapping[str, Sequence[str]]) -> OrchestratorError | None:
        """Have a certificate for the services with TLS, or say why not: the others are published
        nevertheless, and these with the last one if there is one."""
        try:
            if secured:
                names = names_of(secured, chain.from_iterable(secured.values()))
                self._certificate = str(
                    self._certificates.file_for(names, self._cluster.clock.wall())
                )
        except OrchestratorError as error:
            return error
        return None

    def _confirmed(self, routed: dict[str, frozenset[str]]) -> None:
        """Every worker routes so. That a replica gets no more requests is worth telling: from its
        death to this moment is how long they went astray."""
        before, self._routed = self._routed, routed
        gone = _ids(before) - _ids(routed)
        for name, id_ in sorted((id_.partition(".")[0], id_) for id_ in gone):
            self._cluster.log.normal("Unrouted", f"replica/{name}", f"{id_} gets no more requests")


def _ids(routed: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*routed.values())
