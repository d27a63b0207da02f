"""A client more than a service may have: so many are told so, the others are cut off."""

from typing import TYPE_CHECKING, Final

from orchestrator.proxy.replies import too_many_connections

if TYPE_CHECKING:
    from orchestrator.proxy.client import ClientConnection
    from orchestrator.proxy.frontend import Frontend
    from orchestrator.proxy.syntax import HttpError

MAX_TURNED_AWAY: Final = 1024


def turn_away(client: "ClientConnection") -> None:
    """A connection that is new: the answer comes before any request, then the end."""
    if len(client.frontend.turned_away) >= MAX_TURNED_AWAY:
        client.transport.abort()
    else:
        client.fail(one_too_many(client, client.frontend))


def one_too_many(client: "ClientConnection", frontend: "Frontend") -> "HttpError":
    """A connection that came to the service with its request: what ends it, unless it is cut off
    at once."""
    if len(frontend.turned_away) >= MAX_TURNED_AWAY:
        client.transport.abort()
    frontend.turned_away.add(client)
    client.keep_alive = False
    return too_many_connections(frontend.listener.service)
