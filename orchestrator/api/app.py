"""The HTTP API of one controller. Every command line is a client of it."""

import asyncio
import os
from typing import Annotated, Any

from fastapi import FastAPI, Header, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from orchestrator import __version__
from orchestrator.api import nodes, page, problems, workloads
from orchestrator.api.nothing import Nothing
from orchestrator.api.planning import change_of, check_serial, planned
from orchestrator.api.reading import default_folder, previous, read
from orchestrator.api.streams import event_stream, log_stream
from orchestrator.model.bodies import (
    ManifestBody,
    ManifestText,
)
from orchestrator.model.views import (
    DurationsView,
    EventView,
    ExplainView,
    InfoView,
    PlanView,
    PreviousView,
    ReadView,
    ReplicaView,
    ServiceView,
    StatsView,
)
from orchestrator.runtime.controller import Controller
from orchestrator.runtime.meter import Meter
from orchestrator.runtime.queries import Queries

# What SQLite can hold.
Serial = Query(ge=0, lt=2**63)


def create_app(
    controller: Controller, engine_reason: str, shutdown: asyncio.Event, closing: asyncio.Event
) -> FastAPI:
    """The app. `shutdown` is set when a client asks for the end of the project; what is endless
    ends when `closing` is set."""
    app = FastAPI(title="orchestrator", version=__version__, redoc_url=None)
    queries = Queries(controller)
    problems.install(app)
    page.install(app)
    _add_reads(app, controller, queries, engine_reason)
    _add_numbers(app, controller, queries)
    _add_streams(app, controller, queries, closing)
    _add_manifests(app, controller)
    workloads.install(app, controller, queries)
    nodes.install(app, controller, queries)

    @app.post("/v1/shutdown", status_code=202)
    async def stop(_: Nothing = None) -> dict[str, str]:
        """Remove everything of the project, then end the controller."""
        shutdown.set()
        return {"status": "shutting down"}

    return app


def _add_reads(app: FastAPI, controller: Controller, queries: Queries, reason: str) -> None:
    started_at = controller.cluster.clock.wall()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether this process answers."""
        return {"status": "ok"}

    @app.get("/v1/info")
    async def info() -> InfoView:
        """The controller and its engine."""
        return InfoView(
            project=controller.project.name,
            version=__version__,
            pid=os.getpid(),
            started_at=started_at,
            engine=controller.engine.name,
            engine_reason=reason,
            timing=controller.settings.timing.name,
            serial=controller.cluster.desired.now.serial,
            state_dir=str(controller.project.folder),
            adopted=controller.adopted,
            events_before=controller.events_before,
            folder=str(default_folder()),
            degraded=controller.watcher.degraded,
        )

    @app.get("/v1/replicas")
    async def replicas(
        service: str = "", everything: Annotated[bool, Query(alias="all")] = False
    ) -> list[ReplicaView]:
        """Replicas, by service and slot."""
        return queries.replicas(service, everything=everything)

    @app.get("/v1/services")
    async def services() -> list[ServiceView]:
        """Services, by name."""
        return queries.services()

    @app.get("/v1/services/{name}")
    async def service(name: str) -> ServiceView:
        """One service."""
        return queries.service(name)

    @app.get("/v1/events")
    async def events(
        after: Annotated[int, Serial] = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
        about: Annotated[str, Query(alias="object")] = "",
    ) -> list[EventView]:
        """The newest events, oldest first."""
        return queries.events(after, limit, about)

    @app.get("/v1/inspect/{kind}/{name}")
    async def inspect(kind: str, name: str) -> dict[str, Any]:
        """Everything known of one service, replica or node."""
        return queries.inspect(kind, name)

    @app.get("/v1/explain/{name}")
    async def explain(name: str) -> list[ExplainView]:
        """Why replicas are where they are."""
        return queries.explain(name)


def _add_numbers(app: FastAPI, controller: Controller, queries: Queries) -> None:
    meter = Meter(controller, queries)

    @app.get("/v1/stats")
    async def stats(
        service: str = "", window: Annotated[float, Query(ge=0.1, le=60.0)] = 1.0
    ) -> StatsView:
        """Traffic and usage over the last seconds; waits for them if nobody asked before."""
        return await meter.stats(window, service)

    @app.get("/v1/services/{name}/durations")
    async def durations(name: str) -> DurationsView:
        """The histogram of all requests so far."""
        return await meter.durations(name)

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics(accept: Annotated[str, Header()] = "") -> Response:
        """All numbers for Prometheus, as text or OpenMetrics."""
        # Imported when first asked for: 8 ms and 1 MB that most controllers never need.
        from orchestrator.api.metrics import exposition

        text, media_type = await exposition(controller, queries, accept)
        return Response(text, headers={"Content-Type": media_type})


def _add_streams(
    app: FastAPI, controller: Controller, queries: Queries, closing: asyncio.Event
) -> None:
    @app.get("/v1/events/stream")
    async def stream(after: Annotated[int | None, Serial] = None) -> StreamingResponse:
        """Events as they happen (text/event-stream)."""
        happened = event_stream(controller.log, after, closing)
        return StreamingResponse(happened, media_type="text/event-stream")

    @app.get("/v1/logs/{name}")
    async def logs(
        name: str,
        tail: Annotated[int | None, Query(ge=0, le=1_000_000)] = None,
        follow: bool = False,
        previous: bool = False,
    ) -> StreamingResponse:
        """Output of a service's replicas, or of one (application/x-ndjson)."""
        replicas = queries.attempts(name, previous=previous)
        lines = log_stream(controller.engine, replicas, tail, follow, closing)
        return StreamingResponse(lines, media_type="application/x-ndjson")


def _add_manifests(app: FastAPI, controller: Controller) -> None:
    # Only what was written: defaults stay the controller's.
    @app.post("/v1/manifests", response_model_exclude_unset=True)
    async def manifests(body: ManifestText) -> ReadView:
        """Read YAML: what it asks for, or all that is wrong with it. Changes nothing."""
        return await asyncio.to_thread(read, body)

    @app.get("/v1/previous", response_model_exclude_unset=True)
    async def before() -> PreviousView:
        """What was wanted before the last apply: apply it to undo that."""
        return previous(controller)

    @app.post("/v1/plan")
    async def plan(body: ManifestBody) -> PlanView:
        """What applying would do. Changes nothing."""
        check_serial(controller, body)
        return planned(controller, await change_of(body))

    @app.post("/v1/apply")
    async def apply(body: ManifestBody) -> PlanView:
        """Want this from now on; answers with what is now being done."""
        change = await change_of(body)
        check_serial(controller, body)
        view = planned(controller, change)
        controller.apply(change)
        return view.model_copy(update={"serial": controller.cluster.desired.now.serial})
