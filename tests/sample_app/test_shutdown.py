"""SIGTERM: finish what is in flight, then leave with 0 and without delay."""

import signal
import time

import httpx
import pytest

from .conftest import Start, spawn
from .websocket_client import WebSocket


def test_idle(start: Start) -> None:
    replica = start()
    replica.client.get("/")  # leaves an idle keep-alive connection behind
    asked = time.monotonic()
    replica.process.send_signal(signal.SIGTERM)
    assert replica.process.wait(5) == 0
    assert time.monotonic() - asked < 2
    assert replica.process.stdout is not None
    assert replica.process.stdout.read().endswith("stopped\n")


def test_a_response_under_way_is_finished(start: Start) -> None:
    replica = start()
    with replica.client.stream("GET", "/stream?chunks=5&ms=60") as response:
        lines = response.iter_lines()
        first = next(lines)
        replica.process.send_signal(signal.SIGTERM)
        rest = list(lines)
    assert first.endswith("1/5")
    assert rest[-1].endswith("5/5")
    assert replica.process.wait(5) == 0


def test_new_connections_are_refused_meanwhile(start: Start) -> None:
    replica = start()
    with replica.client.stream("GET", "/stream?chunks=20&ms=50") as response:
        lines = response.iter_lines()
        next(lines)
        replica.process.send_signal(signal.SIGTERM)
        for _ in range(8):
            next(lines)
        with pytest.raises(httpx.ConnectError):
            httpx.Client(verify=False, trust_env=False).get(f"http://127.0.0.1:{replica.port}/")


def test_websockets_are_closed_and_told_why(start: Start) -> None:
    replica = start()
    with WebSocket(replica.port, "/ws") as socket:
        replica.process.send_signal(signal.SIGTERM)
        assert socket.receive() == 1012  # service restart (IANA WebSocket close codes)
    assert replica.process.wait(5) == 0


def test_while_booting() -> None:
    with spawn(BOOT_MS="60000") as process:
        assert process.stdout is not None
        assert "booting" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


def test_boot_delay_comes_before_listening(start: Start) -> None:
    began = time.monotonic()
    start(BOOT_MS="150")
    assert time.monotonic() - began >= 0.15
