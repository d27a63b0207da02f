"""What can be broken on purpose breaks, and can be repaired."""

import signal

import httpx
import pytest

from .conftest import Start, spawn


def test_unhealthy_and_well_again(start: Start) -> None:
    client = start().client
    assert client.get("/healthz").json() == {"status": "ok"}
    client.post("/switch?healthy=false").raise_for_status()
    assert client.get("/healthz").status_code == 503
    assert client.get("/readyz").status_code == 503
    assert client.get("/").status_code == 200
    client.post("/switch?healthy=true").raise_for_status()
    assert client.get("/healthz").status_code == 200


def test_not_ready_is_not_unhealthy(start: Start) -> None:
    client = start().client
    client.post("/switch?ready=false").raise_for_status()
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_slow_health_only(start: Start) -> None:
    client = start().client
    client.post("/switch?slow_ms=80").raise_for_status()
    assert client.get("/healthz").elapsed.total_seconds() >= 0.08
    with pytest.raises(httpx.ReadTimeout):
        client.get("/readyz", timeout=0.02)


def test_crash_ends_the_process_at_once_with_the_status(start: Start) -> None:
    replica = start()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        replica.client.post("/switch?crash=3")
    assert replica.process.wait(5) == 3


def test_a_bad_switch_beside_a_good_one_changes_nothing(start: Start) -> None:
    client = start().client
    assert client.post("/switch?healthy=false&slow_ms=soon").status_code == 400
    positions = client.get("/switch").json()
    assert (positions["healthy"], positions["slow_ms"]) == (True, 0)


def test_switches_from_the_environment(start: Start) -> None:
    client = start(HEALTHY="false", SLOW_MS="1").client
    assert client.get("/healthz").status_code == 503
    assert client.get("/switch").json()["slow_ms"] == 1


def test_ignored_sigterm(start: Start) -> None:
    replica = start(IGNORE_TERM="true")
    replica.process.send_signal(signal.SIGTERM)
    # Longer than a server takes to notice the signal, close its listener and exit.
    assert replica.client.get("/wait?ms=400").status_code == 200
    replica.client.post("/switch?ignore_term=false").raise_for_status()
    replica.process.send_signal(signal.SIGTERM)
    assert replica.process.wait(5) == 0


@pytest.mark.parametrize(
    ("env", "status", "says"),
    [
        ({"PORT": "eighty"}, 1, "PORT='eighty'"),
        ({"BOOT_MS": "-5"}, 1, "BOOT_MS='-5'"),
        ({"HEALTHY": "perhaps"}, 1, "healthy='perhaps'"),
        ({"CRASH": "7"}, 7, ""),
    ],
)
def test_a_start_that_fails(env: dict[str, str], status: int, says: str) -> None:
    with spawn(**env) as process:
        _, errors = process.communicate(timeout=10)
    assert process.returncode == status
    assert says in errors
    assert "Traceback" not in errors
