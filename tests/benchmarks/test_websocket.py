"""The frames of the WebSocket client, against a server's library."""

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection

from benchmarks.websocket import message, messages


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_messages_there_and_back(size: int) -> None:
    payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
    server = Connection(ConnectionType.SERVER)

    server.receive_data(message(payload) * 2)
    events = [event for event in server.events() if isinstance(event, BytesMessage)]
    received = b"".join(bytes(event.data) for event in events)
    back = server.send(BytesMessage(payload)) * 2

    assert received == payload * 2
    assert messages(back) == ([payload] * 2, b"")
    cut = len(back) - 1
    assert messages(back[:cut]) == ([payload], back[len(back) // 2 : cut])


def test_a_server_that_closes() -> None:
    with pytest.raises(ValueError, match="the other side closes"):
        messages(Connection(ConnectionType.SERVER).send(CloseConnection(1000)))
