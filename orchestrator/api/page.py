"""The dashboard: a page and what it loads, as they lie in `dashboard/`.

Its policy lets the browser run nothing but these files, ask nobody but this server, and show the
page in no frame: a service named `<script>` stays a name.
"""

from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

FOLDER: Final = Path(__file__).parent / "dashboard"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Asked again each time, and answered with 304: a new version is seen at once.
    "Cache-Control": "no-cache",
}


def install(app: FastAPI) -> None:
    """Serve it at `/`."""
    files = StaticFiles(directory=FOLDER)

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(request: Request) -> Response:
        return await _file("index.html", request)

    @app.api_route("/assets/{file}", methods=["GET", "HEAD"], include_in_schema=False)
    async def asset(file: str, request: Request) -> Response:
        return await _file(file, request)

    async def _file(name: str, request: Request) -> Response:
        response = await files.get_response(name, request.scope)
        response.headers.update(HEADERS)
        return response
