"""The WebSocket echo."""

import httpx
import pytest

from .conftest import Start
from .websocket_client import RefusedError, WebSocket


@pytest.fixture
def port(client: httpx.Client) -> int:
    port = client.base_url.port
    assert port is not None
    return port


@pytest.mark.parametrize("message", ["grüezi", "", b"\x00\xff", b"x" * 100_000, "y" * 100_000])
def test_messages_come_back_as_they_were(port: int, message: str | bytes) -> None:
    with WebSocket(port, "/ws") as socket:
        socket.send(message)
        assert socket.receive() == message


def test_many_messages_keep_their_order(port: int) -> None:
    with WebSocket(port, "/ws") as socket:
        for number in range(50):
            socket.send(f"{number}")
        assert [socket.receive() for _ in range(50)] == [f"{number}" for number in range(50)]


def test_elsewhere_the_handshake_is_refused(port: int) -> None:
    with pytest.raises(RefusedError, match="403"):
        WebSocket(port, "/elsewhere")


def test_it_works_as_the_first_request_of_a_replica(start: Start) -> None:
    with WebSocket(start().port, "/ws") as socket:
        socket.send("first")
        assert socket.receive() == "first"
