"""Pausing a service's rollout and letting it go on: what people order, and what is told of it.

The decision does the rest: while it is paused no replica is replaced for its revision.
"""

from orchestrator.runtime.cluster import Cluster


class Rollouts:
    """The rollouts of one cluster's services. The words are those of Kubernetes' conditions
    DeploymentPaused and DeploymentResumed."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def pause(self, service: str) -> None:
        """Replace no more of its replicas. Raises `NotFoundError`, `StateError`."""
        if self._cluster.desired.set_paused(service, paused=True):
            self._tell(service, "RolloutPaused", "no replica is replaced until it is resumed")

    def resume(self, service: str) -> None:
        """Replace what is outdated again. Raises `NotFoundError`, `StateError`."""
        if self._cluster.desired.set_paused(service, paused=False):
            self._tell(service, "RolloutResumed", "replicas of older revisions are replaced again")

    def _tell(self, service: str, reason: str, message: str) -> None:
        self._cluster.log.normal(reason, f"service/{service}", f"by order: {message}")
        self._cluster.touch(service)
