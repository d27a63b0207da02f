"""Views as the API answers them, with everything but what a test is about left plain."""

from typing import Any

from orchestrator.model.spec import ServiceSpec
from orchestrator.model.views import EventView, NodeView, ReplicaView, ServiceView


def replica(name: str = "web-1", status: str = "Ready", **fields: Any) -> ReplicaView:
    """A ready replica, or one in another state."""
    service, _, slot = name.rpartition("-")
    ready = status == "Ready"
    plain: dict[str, Any] = {
        "name": name, "service": service, "slot": int(slot), "attempt": 1, "status": status,
        "reason": "", "ready": ready, "restarts": 0, "node": "node-1", "zone": "a",
        "revision": "r1", "id": "0123456789abcdef", "endpoint": "172.18.0.2:8000", "age_s": 61.4,
    }  # fmt: skip
    return ReplicaView(**(plain | fields))


def service(name: str = "web", desired: int = 3, ready: int = 3, **fields: Any) -> ServiceView:
    """A service, settled if all are ready."""
    plain: dict[str, Any] = {
        "name": name, "desired": desired, "active": desired, "ready": ready, "up_to_date": ready,
        "revision": "r1", "address": "http://127.0.0.1:8080", "image": "sample-app:1.0",
        "status": "Ready" if ready == desired else "Progressing", "reason": "", "pending": 0,
        "restarts": 0, "spec": ServiceSpec(name=name, image="sample-app:1.0"),
    }  # fmt: skip
    return ServiceView(**(plain | fields))


def node(name: str = "node-1", **fields: Any) -> NodeView:
    """A node of one core and 512Mi, three quarters of its cpu reserved."""
    plain: dict[str, Any] = {
        "name": name, "zone": "a", "status": "Ready", "cpu_millicores": 1000,
        "cpu_used_millicores": 750, "memory_bytes": 512 * 2**20, "memory_used_bytes": 192 * 2**20,
        "replicas": 3, "labels": {"disk": "ssd"},
    }  # fmt: skip
    return NodeView(**(plain | fields))


def event(object_: str, message: str, **fields: Any) -> EventView:
    """A normal event."""
    plain: dict[str, Any] = {
        "serial": 7, "time": 0.25, "type": "Normal", "reason": "Image", "object": object_,
        "message": message,
    }  # fmt: skip
    return EventView(**(plain | fields))
