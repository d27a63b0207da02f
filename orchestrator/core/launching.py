"""From a decision to start a replica to what its engine is told."""

from orchestrator.model.launch import ImageSpec, Launch
from orchestrator.model.plan import StartReplica
from orchestrator.model.spec import ServiceSpec
from orchestrator.model.state import Node, Service


def launch_for(action: StartReplica, service: Service, node: Node | None) -> Launch:
    """All an engine needs to know to carry out `action`."""
    spec = service.spec
    process = spec.process
    limits = spec.resources.limits
    return Launch(
        id=action.id,
        node=action.node,
        zone=node.spec.zone if node else "",
        revision=action.revision,
        image=image_name(spec),
        command=spec.command,
        env=environment(action, service, node),
        port=spec.port,
        hostname=action.id.name,
        cpu_limit_millicores=limits.cpu_millicores,
        memory_limit_bytes=limits.memory_bytes,
        cpu_request_millicores=spec.resources.request_cpu_millicores,
        memory_request_bytes=spec.resources.request_memory_bytes,
        stop_grace_s=spec.stop_grace_period_s or 0.0,
        security=spec.security,
        process_command=process.command if process else None,
        process_env=process.env if process else {},
        workdir=process.workdir if process else None,
    )


def environment(action: StartReplica, service: Service, node: Node | None) -> dict[str, str]:
    """The manifest's variables, $PORT, and the replica's own place in the cluster."""
    place = {
        "ORCH_SERVICE": action.id.service,
        "ORCH_SLOT": str(action.id.slot),
        "ORCH_ATTEMPT": str(action.id.attempt),
        "ORCH_NODE": action.node,
        "ORCH_ZONE": node.spec.zone if node else "",
        "ORCH_REVISION": action.revision,
    }
    port = {"PORT": str(service.spec.port)} if service.spec.port is not None else {}
    return port | service.spec.env | place


def image_name(spec: ServiceSpec) -> str | None:
    """The image, or the name a build without one is given; None where there is neither."""
    return spec.image or (f"{spec.name}:latest" if spec.build else None)


def image_for(spec: ServiceSpec, source: str) -> ImageSpec | None:
    """What image the service needs and how to get it. `source` is the digest of its build."""
    image, build = image_name(spec), spec.build
    if image is None:
        return None
    pull = spec.pull == "missing"
    if build is None:
        return ImageSpec(image=image, pull=pull)
    return ImageSpec(image, build.context, build.dockerfile, build.args, source, pull)
