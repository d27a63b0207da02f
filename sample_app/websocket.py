"""`/ws`: every message comes back as it was sent, text as text and bytes as bytes."""

from .messages import Receive, Scope, Send


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Accepts on `/ws` only (elsewhere the handshake is refused) and echoes until it is closed."""
    await receive()
    if scope["path"] != "/ws":
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send(
            {"type": "websocket.send", "text": event.get("text"), "bytes": event.get("bytes")}
        )
