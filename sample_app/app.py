"""The ASGI application: finds the handler, sends its answer."""

from .handlers import ROUTES, Handler
from .messages import Receive, Request, Response, Scope, Send, as_problem
from .parsing import Problem


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI 3: HTTP by the route table, WebSocket on `/ws`."""
    if scope["type"] == "websocket":
        from .websocket import echo  # most replicas never see one

        await echo(scope, receive, send)
        return
    response = await answer(Request.from_scope(scope, receive))
    await response.send(send)


async def answer(request: Request) -> Response:
    """The handler's response, or the problem it raised."""
    try:
        return await find(request.method, request.path)(request)
    except Problem as problem:
        return as_problem(problem)


def find(method: str, path: str) -> Handler:
    """The handler of a route; raises `Problem` 404 or 405. HEAD is GET without the body."""
    methods = ROUTES.get(path)
    if methods is None:
        raise Problem(404, f"nothing at {path[:80]}; there are {', '.join(ROUTES)}")
    handler = methods.get("GET" if method == "HEAD" else method)
    if handler is None:
        raise Problem(405, f"{path} takes {', '.join(methods)}")
    return handler
