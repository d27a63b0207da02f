"""uvicorn, cut down to what starts quickly."""

import asyncio
import signal
import time
from types import FrameType
from typing import Any

from uvicorn import Config, Server

from .app import app
from .handlers import switches
from .identity import replica_name

# Below the 10 s that orchestrators grant by default between SIGTERM and SIGKILL.
FINISH_WITHIN_S = 8


class SampleServer(Server):
    """Says in two lines when it serves and when it stops, and may be told to ignore SIGTERM."""

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        say(f"listening on port {port}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and switches.ignore_term:
            return
        super().handle_exit(sig, frame)


def serve(port: int, boot_s: float) -> None:
    """Serves until SIGTERM or SIGINT, finishes what is in flight, then exits 0."""
    # uvicorn raises the signal again when it is done: this makes that an exit with 0. It also
    # makes SIGTERM work before uvicorn listens, where process 1 of a container would ignore it.
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    try:
        if boot_s:
            say(f"booting for {boot_s} s")
            time.sleep(boot_s)
        SampleServer(configure(port)).run()
    except Left:
        # Not in the handler: a signal may come while a line is being written.
        say("stopped")
        raise


class Left(SystemExit):
    """The process is to end, and well."""


def leave(_sig: int, _frame: FrameType | None) -> None:
    """Ends the process from wherever it is."""
    raise Left(0)


def say(text: str) -> None:
    """One line on the log that the orchestrator collects."""
    print(f"{replica_name()}: {text}", flush=True)  # noqa: T201


def configure(port: int) -> Config:
    """No access log, no lifespan, no WebSocket library before the first WebSocket."""
    return Config(
        app,
        host="0.0.0.0",  # the container's own network decides who reaches it
        port=port,
        loop="asyncio",
        http="h11",
        ws=websocket_protocol,  # type: ignore[arg-type]
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_WITHIN_S,
    )


def websocket_protocol(*args: Any, **kwargs: Any) -> asyncio.Protocol:
    """uvicorn's WebSocket protocol, imported when the first client asks for one."""
    from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

    return WSProtocol(*args, **kwargs)
