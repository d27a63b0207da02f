"""`orch` as a user runs it: as a command, in a project and a state folder of its own."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from docker import DockerClient

from benchmarks import sample
from benchmarks.containers import leftovers, remove_labelled, unique
from benchmarks.http import free_port, get_json
from benchmarks.processes import alive
from benchmarks.wait import until
from orchestrator.model.names import LABEL_PROJECT

UP_TIMEOUT_S: Final = 120
COMMAND_TIMEOUT_S: Final = 60
DOWN_TIMEOUT_S: Final = 60
GONE_TIMEOUT_S: Final = 10
SERVICE: Final = "web"


class CommandFailedError(Exception):
    """`orch` ended with an error; its output is the message."""


class Ours:
    """One project of ours: a service behind the proxy on `127.0.0.1:port`, the sample app unless
    `write` gives it another manifest. `options` are further ones of `orch up`."""

    def __init__(
        self, folder: Path, replicas: int, engine: str = "docker", options: tuple[str, ...] = ()
    ) -> None:
        self.project = unique("ours")
        self.replicas = replicas
        self.port = free_port()
        self._engine, self._options = engine, options
        self.state = folder / "state"
        self.manifest = folder / "bench.yaml"
        self.write(sample.manifest(replicas, self.port))

    def write(self, manifest: str) -> None:
        """Have another manifest from the next command on."""
        self.manifest.write_text(manifest)

    def spawn_up(self) -> subprocess.Popen[str]:
        """Begin `orch up --detach --wait`."""
        return self._spawn(
            "up", "-f", str(self.manifest), "--engine", self._engine, "--detach", "--wait",
            "--api-port", str(free_port()), *self._options,
        )  # fmt: skip

    def command(self, *args: str) -> None:
        """Run any other command to its end. Raises `CommandFailedError`."""
        self.finish(self._spawn(*args), COMMAND_TIMEOUT_S)

    def up(self) -> None:
        """All replicas are ready when it returns. Raises `CommandFailedError`."""
        self.finish(self.spawn_up(), UP_TIMEOUT_S)

    def down(self) -> None:
        """Raises `CommandFailedError`."""
        self.finish(self._spawn("down"), DOWN_TIMEOUT_S)

    def finish(self, process: subprocess.Popen[str], timeout_s: float) -> None:
        """Await the end of a command. Raises `CommandFailedError` with what it said."""
        try:
            output, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            output = f"not done after {timeout_s:g} s\n{process.communicate()[0]}"
        if process.returncode != 0:
            raise CommandFailedError(f"exit {process.returncode}: {output.strip()}\n{self.log()}")

    @property
    def controller_pid(self) -> int:
        """The process that controls the project."""
        return int(self._record()["pid"])

    @property
    def worker_pids(self) -> list[int]:
        """The proxy's processes, as they are on record."""
        records = sorted((self.state / self.project / "run").glob("proxy-*.json"))
        return [int(json.loads(path.read_text())["pid"]) for path in records]

    @property
    def url(self) -> str:
        """Of the API and the dashboard."""
        return str(self._record()["url"])

    def get(self, path: str) -> Any:
        """What the API answers."""
        url = urlsplit(self.url)
        return get_json(str(url.hostname), int(url.port or 0), path)

    def ready(self) -> int:
        """How many replicas are ready."""
        return sum(bool(one["ready"]) for one in self.get("/v1/replicas") or ())

    def await_ready(self, timeout_s: float) -> None:
        """Return when as many replicas as wanted are ready. Raises `TimeoutError`."""
        what = f"{self.replicas} ready replicas"
        until(lambda: self.ready() == self.replicas, timeout_s, what, 0.1)

    def log(self) -> str:
        """The end of the controller's log."""
        try:
            text = (self.state / self.project / "controller.log").read_text()
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-20:])

    def _record(self) -> dict[str, Any]:
        path = self.state / self.project / "controller.json"
        record: dict[str, Any] = json.loads(path.read_text())
        return record

    def _spawn(self, *args: str) -> subprocess.Popen[str]:
        options = ("--project", self.project, "--state-dir", str(self.state))
        return subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *args, *options],
            cwd=sample.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip


@contextlib.contextmanager
def ours(client: DockerClient, replicas: int) -> Iterator[Ours]:
    """A project that is taken down at the end; raises `RuntimeError` if anything is left then."""
    with tempfile.TemporaryDirectory(prefix="orch-bench-") as folder:
        one = Ours(Path(folder), replicas)
        try:
            yield one
        finally:
            _take_down(client, one)


def _take_down(client: DockerClient, one: Ours) -> None:
    _down(client, one)
    if left := remains(client, one):
        _down(client, one)
        remove_labelled(client, f"{LABEL_PROJECT}={one.project}")
        raise RuntimeError(f"orch down left behind: {', '.join(left)}")


def _down(client: DockerClient, one: Ours) -> None:
    try:
        one.down()
    except CommandFailedError as error:
        print(f"orch down failed: {error}", file=sys.stderr)
    with contextlib.suppress(TimeoutError):
        until(lambda: not remains(client, one), GONE_TIMEOUT_S, "the end of the project", 0.1)


def remains(client: DockerClient, one: Ours) -> list[str]:
    """Containers, networks and processes of a project that are still there."""
    return [*leftovers(client, one.project), *alive(one.project)]
