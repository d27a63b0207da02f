"""The process engine: replicas are local processes. Needs nothing installed."""

from orchestrator.engines.process.engine import ProcessEngine

__all__ = ["ProcessEngine"]
