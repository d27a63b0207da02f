"""The Docker engine: replicas are containers. Importing this loads docker-py."""

from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.engines.docker.probing import Found, probe

__all__ = ["DockerEngine", "Found", "probe"]
