"""What `orch up` was told about the controller, and the command line that tells another process.

Light on purpose: whoever only starts that process need not load what it will.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.api.server import ServeOptions
    from orchestrator.runtime.project import Project


@dataclass(frozen=True, slots=True)
class ControllerOptions:
    """`api_port` None: 7070 or the next free one; 0: any."""

    project: str
    state_dir: Path
    engine: str = "auto"
    timing: str = "demo"
    api_port: int | None = None
    proxy_workers: int = 1

    @classmethod
    def of(cls, project: "Project", **given: object) -> "ControllerOptions":
        """For a project, wherever its folder is."""
        return cls(project.name, project.folder.parent, **given)  # type: ignore[arg-type]

    def argv(self) -> list[str]:
        """The command line of a controller with these options."""
        port = [] if self.api_port is None else [f"--api-port={self.api_port}"]
        return [
            sys.executable, "-m", "orchestrator.cli.background",
            f"--project={self.project}", f"--state-dir={self.state_dir}",
            f"--engine={self.engine}", f"--timing={self.timing}",
            f"--proxy-workers={self.proxy_workers}", *port,
        ]  # fmt: skip

    @classmethod
    def parse(cls, argv: Sequence[str]) -> "ControllerOptions":
        """The reverse of `argv`, without its first three words."""
        parser = argparse.ArgumentParser(allow_abbrev=False)
        for name in ("--project", "--engine", "--timing"):
            parser.add_argument(name, required=True)
        parser.add_argument("--state-dir", type=Path, required=True)
        parser.add_argument("--proxy-workers", type=int, required=True)
        parser.add_argument("--api-port", type=int)
        return cls(**vars(parser.parse_args(argv)))

    def serve_options(self, manifests: dict[str, Any] | None) -> "ServeOptions":
        """The same for the API's server, with what to apply first. Loads it."""
        from orchestrator.api.server import ServeOptions
        from orchestrator.model.bodies import ManifestBody
        from orchestrator.model.timing import PROFILES
        from orchestrator.runtime.project import Project

        return ServeOptions(
            Project(self.project, self.state_dir),
            PROFILES[self.timing],
            self.engine,  # type: ignore[arg-type]
            self.api_port,
            self.proxy_workers,
            None if manifests is None else ManifestBody.model_validate(manifests),
        )
