"""Orders about services and their replicas."""

from fastapi import FastAPI, Response

from orchestrator.api.nothing import Nothing
from orchestrator.model.bodies import ExecBody, KillBody, ScaleBody
from orchestrator.model.views import ExecView, ServiceView
from orchestrator.runtime.controller import Controller
from orchestrator.runtime.queries import Queries


def install(app: FastAPI, controller: Controller, queries: Queries) -> None:
    """Add the routes of services and replicas that change something."""
    _add_services(app, controller, queries)
    _add_rollouts(app, controller, queries)
    _add_replicas(app, controller, queries)


def _add_services(app: FastAPI, controller: Controller, queries: Queries) -> None:
    @app.post("/v1/services/{name}/scale")
    async def scale(name: str, body: ScaleBody) -> ServiceView:
        """Want another number of replicas."""
        controller.scale(name, body.replicas)
        return queries.service(name)

    @app.post("/v1/services/{name}/restart")
    async def restart(name: str, _: Nothing = None) -> ServiceView:
        """Replace every replica, one after the other. Refused (409) while the rollout is paused."""
        controller.restart(name)
        return queries.service(name)

    @app.delete("/v1/services/{name}", status_code=204)
    async def delete(name: str) -> Response:
        """Want the service no more."""
        controller.delete(name)
        return Response(status_code=204)


def _add_rollouts(app: FastAPI, controller: Controller, queries: Queries) -> None:
    @app.post("/v1/services/{name}/pause")
    async def pause(name: str, _: Nothing = None) -> ServiceView:
        """Replace no replica for its revision any more. What has to be started has the new one."""
        controller.rollouts.pause(name)
        return queries.service(name)

    @app.post("/v1/services/{name}/resume")
    async def resume(name: str, _: Nothing = None) -> ServiceView:
        """Replace replicas of older revisions again."""
        controller.rollouts.resume(name)
        return queries.service(name)


def _add_replicas(app: FastAPI, controller: Controller, queries: Queries) -> None:
    @app.post("/v1/replicas/{name}/kill", status_code=204)
    async def kill(name: str, body: KillBody) -> Response:
        """Send a signal to a replica."""
        await controller.interventions.signal(queries.find(name), body.signal)
        return Response(status_code=204)

    @app.post("/v1/replicas/{name}/restart", status_code=204)
    async def replace(name: str, _: Nothing = None) -> Response:
        """Replace this replica alone: another gets ready, then it leaves."""
        controller.interventions.restart(queries.find(name))
        return Response(status_code=204)

    @app.post("/v1/replicas/{name}/exec")
    async def execute(name: str, body: ExecBody) -> ExecView:
        """Run a command inside a replica."""
        replica = queries.find(name)
        result = await controller.engine.exec(replica.engine_id or "", body.argv, body.timeout_s)
        return ExecView(
            exit_code=result.exit_code,
            stdout=result.stdout.decode(errors="replace"),
            stderr=result.stderr.decode(errors="replace"),
        )
