"""The last step of the end of a project: what is left of its proxy, and its folder."""

from orchestrator.model.errors import ConflictError
from orchestrator.runtime.project import Project
from orchestrator.runtime.proxy_supervisor import stop_orphans


def forget(project: Project) -> None:
    """End proxy workers and remove the folder, unless another controller took the project over in
    the meantime. Blocks for as long as the workers take."""
    try:
        project.lock()
    except ConflictError:
        return
    stop_orphans(project.run_dir)
    project.remove()
    project.unlock()
