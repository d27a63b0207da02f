"""Snapshots survive the way to a worker."""

import pytest

from orchestrator.model.snapshot import Endpoint, Listener, Snapshot

SNAPSHOT = Snapshot(
    7,
    (
        Listener(
            "web",
            "127.0.0.1",
            8080,
            (Endpoint("web-1.1", "10.0.0.2", 8000, weight=3, node="n1", zone="a", name="web-1"),),
            replica_header=False,
            response_timeout_s=2.5,
        ),
        Listener("api", "::1", 8081),
    ),
)


def test_json_gives_the_same_snapshot_back() -> None:
    text = SNAPSHOT.to_json()
    assert Snapshot.from_json(text) == SNAPSHOT
    assert "\n" not in text


def test_endpoint_ids_and_labels() -> None:
    assert SNAPSHOT.endpoint_ids == {"web-1.1"}
    assert SNAPSHOT.listeners[0].endpoints[0].label == "web-1"
    assert Endpoint("db-1.4", "10.0.0.3", 1).label == "db-1.4"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version":1,"listeners":[{}]}', "nonsense"])
def test_what_is_no_snapshot_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Snapshot.from_json(text)
