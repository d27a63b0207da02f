"""One run of one command: its project, its controller, its output."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.cli.exits import NoControllerError
from orchestrator.cli.formats import Format, dump
from orchestrator.cli.terminal import Paint, Terminal, standard_error, standard_output

if TYPE_CHECKING:
    from orchestrator.cli.client import Client
    from orchestrator.runtime.project import Project

Text = Callable[[Paint], Iterable[str]]
"""Draws lines for people, given how to colour them."""


@dataclass
class Session:
    """What every command is given. Nothing in it costs anything until it is used."""

    project_name: str | None = None
    state_dir: str | None = None
    format: Format = Format.TABLE
    out: Terminal = field(default_factory=standard_output)
    err: Terminal = field(default_factory=standard_error)

    @property
    def wide(self) -> bool:
        """Whether all columns are wanted."""
        return self.format is Format.WIDE

    @cached_property
    def project(self) -> "Project":
        """The project that was meant. Raises `InvalidRequestError`."""
        from orchestrator.runtime.project import resolve

        return resolve(self.project_name, self.state_dir)

    @cached_property
    def client(self) -> "Client":
        """A client of the project's controller. Raises `NoControllerError`."""
        from orchestrator.cli.client import Client

        record = self.project.controller()
        if record is None:
            raise NoControllerError(
                f"project {self.project.name!r} has no running controller",
                remedy=f"start it with: {self.command('up', '-f PATH')}",
            )
        return Client(record.url)

    def close(self) -> None:
        """Let go of the controller, if it was talked to."""
        if "client" in self.__dict__:
            self.client.close()

    def command(self, verb: str, *words: str) -> str:
        """A command to type for this very project: `orch down --project demo`."""
        import shlex

        given = (("--project", self.project_name), ("--state-dir", self.state_dir))
        options = [f"{name} {shlex.quote(value)}" for name, value in given if value]
        return " ".join(("orch", verb, *words, *options))

    def show(self, data: Any, text: Text, names: Sequence[str] = ()) -> None:
        """Print the outcome: `data` for programs, `text` for people, `names` for scripts."""
        match self.format:
            case Format.JSON | Format.YAML:
                self.out.line(dump(data, self.format))
            case Format.NAME:
                self.out.lines(names)
            case _:
                self.out.lines(text(self.out.paint))

    def note(self, text: str) -> None:
        """Tell something that is no data."""
        self.err.line(text)
