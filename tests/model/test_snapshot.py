"""A snapshot crosses a process boundary as one line of JSON."""

import pytest

from orchestrator.model.snapshot import Endpoint, Listener, Snapshot

WEB_1 = Endpoint("web-1.1", "10.0.0.2", 8000, name="web-1")
WEB_2 = Endpoint("web-2.4", "10.0.0.3", 8000, weight=2, node="node-1", zone="a")
SNAPSHOT = Snapshot(
    7,
    (
        Listener("web", "127.0.0.1", 8080, (WEB_1, WEB_2), replica_header=False),
        Listener("api", "::1", 8081),
    ),
)


def test_it_survives_the_crossing() -> None:
    line = SNAPSHOT.to_json()
    assert "\n" not in line
    assert Snapshot.from_json(line) == SNAPSHOT
    assert Snapshot.from_json(line.encode()) == SNAPSHOT


def test_what_it_says() -> None:
    assert SNAPSHOT.endpoint_ids == {"web-1.1", "web-2.4"}
    assert [listener.address for listener in SNAPSHOT.listeners] == [
        ("127.0.0.1", 8080),
        ("::1", 8081),
    ]
    assert [endpoint.label for endpoint in (WEB_1, WEB_2)] == ["web-1", "web-2.4"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", "{}", '{"version": 1}', '{"version": 1, "listeners": [{}]}', b"\xff"],
)
def test_anything_else_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"snapshot|JSON|utf-8|Expecting"):
        Snapshot.from_json(text)
