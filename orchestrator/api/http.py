"""The API answering on a listening socket. Loading this loads FastAPI: a quarter of a second."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn

from orchestrator.api.app import create_app
from orchestrator.api.security import Gate
from orchestrator.runtime.controller import Controller


@contextlib.asynccontextmanager
async def answering(
    controller: Controller, engine_reason: str, listener: socket.socket
) -> AsyncIterator[asyncio.Event]:
    """Answer until the context ends; the event is set when a client asks for the project's end."""
    shutdown, closing = asyncio.Event(), asyncio.Event()
    app = create_app(controller, engine_reason, shutdown, closing)
    config = uvicorn.Config(
        Gate(app, listener.getsockname()[1]), log_config=None, access_log=False, lifespan="off",
        server_header=False, timeout_graceful_shutdown=1, ws="none",
    )  # fmt: skip
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="api")
    try:
        yield shutdown
    finally:
        closing.set()
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """Signals are the command line's business, not the API's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
