"""A proxy worker: `python -m orchestrator.proxy.worker CONTROL_FD CONTROL_PATH LOG_FOLDER`.

CONTROL_FD is an inherited, listening Unix socket; CONTROL_PATH, where it is bound, tells people
whose worker it is; access logs go to LOG_FOLDER, which is made when there is a first line. The
worker serves until a controller says `shutdown` or it gets SIGTERM; the end of a controller
changes nothing. Whoever started it removes the path.
"""

import asyncio
import gc
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Final

import uvloop

from orchestrator.proxy.control import ControlServer

SIGTERM_TIMEOUT_S: Final = 10.0
# A worker that nobody ever spoke to was started by a controller that died: nobody would find it.
UNCLAIMED_S: Final = 10.0
MAX_DESCRIPTORS: Final = 65_536


async def serve(control: socket.socket, log_folder: Path) -> None:
    """Proxy until told to stop, then let requests in flight end."""
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[float] = loop.create_future()

    def shut_down(timeout_s: float) -> None:
        if not stop.done():
            stop.set_result(timeout_s)

    server = ControlServer(control, shut_down, log_folder)
    loop.call_later(UNCLAIMED_S, lambda: None if server.greeted else shut_down(0.0))
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, shut_down, SIGTERM_TIMEOUT_S)
    await server.plane.drain(await stop)


def allow_many_connections() -> None:
    """Raise the bound on descriptors as far as may be: many systems begin with 1,024."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, MAX_DESCRIPTORS)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def main(arguments: list[str]) -> None:
    """Run one worker."""
    descriptor, _, log_folder = arguments
    control = socket.socket(fileno=int(descriptor))
    allow_many_connections()
    gc.freeze()  # What is imported lives as long as the worker: no collection looks at it.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(control, Path(log_folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
