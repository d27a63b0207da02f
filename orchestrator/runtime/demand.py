"""Requests that wait for services with 0 replicas, as the proxy workers tell of them."""

from typing import Final

from orchestrator.runtime.cluster import Cluster

# Without a word of waiting requests for so long, the next one is news again.
EPISODE_S: Final = 30.0


class Demands:
    """Turns what workers repeat into one event an episode: from the first request that waits until
    the service is given replicas, or nobody has waited for half a minute."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._heard_at: dict[str, float] = {}

    def heard(self, service: str, waiting: int) -> None:
        """So many requests wait at one worker: said at once, then each second while any do.

        Whatever gives services replicas by demand begins here.
        """
        if not self._at_zero(service):
            return
        now = self._cluster.clock.monotonic()
        last = self._heard_at.get(service)
        self._heard_at[service] = now
        if last is None or now - last > EPISODE_S:
            who = "a request waits" if waiting == 1 else f"{waiting} requests wait"
            self._cluster.log.normal(
                "RequestsWaiting", f"service/{service}",
                f"{who} for {service}, which has 0 replicas: orch scale {service}=1",
            )  # fmt: skip

    def review(self) -> None:
        """What is wanted has changed: an episode ends where there are to be replicas."""
        for service in [name for name in self._heard_at if not self._at_zero(name)]:
            del self._heard_at[service]

    def _at_zero(self, service: str) -> bool:
        spec = self._cluster.spec(service)
        return spec is not None and spec.replicas == 0
