"""One address that a worker listens on: the services behind it, and whose request is whose.

A connection to a port that services share belongs to the frontend of its last request, and to
`home` before its first one. It moves with its next request, so nothing about requests, limits or
numbers has to know that there is more than one service.
"""

from collections.abc import Sequence
from typing import Final

from orchestrator.model.snapshot import Listener
from orchestrator.proxy.client import ClientConnection
from orchestrator.proxy.clock import Clock
from orchestrator.proxy.frontend import Frontend
from orchestrator.proxy.replies import no_route
from orchestrator.proxy.request_head import RequestHead
from orchestrator.proxy.routing import ANY_PATH, Router
from orchestrator.proxy.syntax import HttpError
from orchestrator.proxy.target import path_of
from orchestrator.proxy.turning_away import one_too_many

_NOBODY: Final = ""


class Port:
    """Follows the listeners of one address."""

    def __init__(self, address: tuple[str, int], clock: Clock) -> None:
        self.frontends: dict[str, Frontend] = {}
        """By service."""
        self._clock = clock
        self._protocol = "http"
        self._nobody = Listener(_NOBODY, *address)
        self.home = Frontend(self._nobody, clock)
        self.entrance = self.home
        """Where connections begin."""
        self._left: set[Frontend] = set()
        self._router: Router[Frontend] = Router(())

    @property
    def watched(self) -> tuple[Frontend, ...]:
        """All that may have clients."""
        return (*self.frontends.values(), *self._left, self.home)

    def follow(self, listeners: Sequence[Listener]) -> None:
        """Have these services behind it; each frontend is yet to be configured.

        Who is connected to one that leaves stays connected.
        """
        before = self.frontends
        self.frontends = {
            listener.service: before.get(listener.service) or Frontend(listener, self._clock)
            for listener in listeners
        }
        self._router = Router(
            [(one.hosts, one.path, self.frontends[one.service]) for one in listeners]
        )
        self._protocol = listeners[0].protocol
        alone = _alone(listeners)
        self.entrance = self.frontends[listeners[0].service] if alone else self.home
        for frontend in (self.home, *self.frontends.values()):
            frontend.port = self
        if alone:
            self.entrance.port = None
            self._leave_home()
        for service in before.keys() - self.frontends.keys():
            self._dismiss(before[service])
        self._left = {one for one in self._left if one.clients}

    def _leave_home(self) -> None:
        if self.home.clients:
            self._dismiss(self.home)
            self.home = Frontend(self._nobody, self._clock)
            self.home.port = self

    def _dismiss(self, frontend: Frontend) -> None:
        frontend.port = self
        self._left.add(frontend)
        frontend.configure(frontend.listener, ())
        if self._protocol == frontend.listener.protocol:
            frontend.hand_over(self.entrance)
        else:
            frontend.close_idle()

    def admit(self, client: ClientConnection, head: RequestHead) -> HttpError | None:
        """Have the client be whose its request is; why that is not taken on, if it is not."""
        frontend = self._find(head)
        if frontend is not client.frontend:
            client.move(frontend)
            if frontend.crowded and frontend is not self.home:
                return one_too_many(client, frontend)
        return no_route() if frontend is self.home else None

    def _find(self, head: RequestHead) -> Frontend:
        """The frontend of the service that a request is for, `home` if of none."""
        return self._router.find(head.headers.host, path_of(head)) or self.home

    def close(self) -> tuple[Frontend, ...]:
        """End the connections without a request; who has others yet."""
        for frontend in self.watched:
            frontend.close_idle()
            frontend.configure(frontend.listener, ())
        return self.watched


def _alone(listeners: Sequence[Listener]) -> bool:
    """Whether all requests are for one service, as they are."""
    one = listeners[0]
    return len(listeners) == 1 and (one.protocol == "tcp" or one.routes == {("", ANY_PATH)})
