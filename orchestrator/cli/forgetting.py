"""The last step of the end of a project: its folder."""

from orchestrator.model.errors import ConflictError
from orchestrator.runtime.project import Project


def forget(project: Project) -> None:
    """Remove the folder, unless another controller took the project over in the meantime."""
    try:
        project.lock()
    except ConflictError:
        return
    project.remove()
    project.unlock()
