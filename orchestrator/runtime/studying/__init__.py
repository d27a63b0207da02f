"""Studies: a whole controller on the simulated engine, in virtual time, measured as it goes."""

from orchestrator.runtime.studying.run import Record, Run, run

__all__ = ["Record", "Run", "run"]
