"""What a run leaves behind: a page, and a picture of its plots."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli import browser
from orchestrator.cli.exits import UsageError
from orchestrator.cli.render.picture import picture
from orchestrator.model.errors import OrchestratorError


@dataclass(frozen=True, slots=True)
class Files:
    """Where to write to, if at all."""

    page: Path | None = None
    png: Path | None = None

    def check(self) -> None:
        """Before the run: nobody wants to wait for a minute and then lack a folder.

        Raises `OrchestratorError`, `UsageError`.
        """
        for option, path in (("--report", self.page), ("--png", self.png)):
            if path is not None and (path.is_dir() or not path.parent.is_dir()):
                raise UsageError(
                    f"{option} {path}: cannot write there",
                    remedy="name a file in a folder there is",
                )
        if self.png is not None:
            browser.find()

    def write(self, title: str, page: Callable[[], str], plots: Callable[[], list[str]]) -> None:
        """Both, as far as they were asked for. Raises `OrchestratorError`."""
        try:
            if self.page is not None:
                self.page.write_text(page(), encoding="utf-8")
            if self.png is not None:
                browser.write_png(picture(title, plots()), self.png)
        except OSError as error:
            raise OrchestratorError(f"cannot write {error.filename}: {error.strerror}") from None
