"""What happened, for people: time, type, reason, object, message (Kubernetes' columns)."""

from dataclasses import dataclass
from typing import Literal

EventType = Literal["Normal", "Warning"]


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the event log. `time` is seconds since the epoch; `serial` is 0 until stored."""

    time: float
    type: EventType
    reason: str
    """A CamelCase word: `Started`, `Killing`, `BackOff`, `Unhealthy`, `Scheduled`, …"""
    object: str
    """`service/web`, `replica/web-2`, `node/node-1`, `project/demo`."""
    message: str
    serial: int = 0
