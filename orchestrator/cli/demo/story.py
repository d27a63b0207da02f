"""The demo, step by step: up, placed, under load, scaled, killed, healed, gone."""

import asyncio
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from orchestrator.cli.demo import stage as stages
from orchestrator.cli.demo.narrator import Narrator
from orchestrator.cli.demo.recovery import Recovery, kill_and_time
from orchestrator.cli.demo.remains import Trace, left_of, ticks_of
from orchestrator.cli.demo.stage import SERVICE, Stage
from orchestrator.cli.demo.traffic import Tally, Traffic
from orchestrator.cli.render import tables
from orchestrator.cli.render.words import bar
from orchestrator.cli.waiting import Waiter
from orchestrator.model.views import NodeView

RATE: Final = 150
READY_TIMEOUT_S: Final = 300.0
SCALED_TO: Final = 6
VICTIMS: Final = (2, 5, 1)


@dataclass
class Figures:
    """What was measured, in seconds unless a name says otherwise."""

    engine: str = ""
    up_s: float = 0.0
    scale_s: float = 0.0
    recoveries: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    failed: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    down_s: float = 0.0
    left: list[str] = field(default_factory=list)


class Story:
    """One run on one stage. `pause_s` is how long a thing is looked at."""

    def __init__(self, stage: Stage, narrator: Narrator, pause_s: float) -> None:
        self._stage = stage
        self._narrator = narrator
        self._pause_s = pause_s
        self._traffic = Traffic(stage.port, RATE)
        self._given_up = threading.Event()
        self.figures = Figures()

    async def tell(self) -> None:
        """From nothing to six healed replicas. Raises `OrchestratorError`."""
        await self._come_up()
        await self._show_nodes("Where they were placed: packed by cpu and memory, best fit first")
        self._traffic.start()
        try:
            await self._under_load()
            await self._scale()
            for slot in VICTIMS:
                await self._kill(f"{SERVICE}-{slot}")
            self._traffic.turn_page()
        finally:
            self._sum_up(await self._traffic.stop())

    async def end(self) -> None:
        """Take everything down and look whether anything is left."""
        self._given_up.set()
        self._narrator.step("Take it down", "orch down")
        trace = await asyncio.to_thread(self._trace)
        begin = time.monotonic()
        await asyncio.to_thread(stages.take_down, self._stage)
        self.figures.down_s = time.monotonic() - begin
        self.figures.left = await asyncio.to_thread(left_of, trace)
        if self.figures.left:
            self._narrator.say(f"LEFT BEHIND: {', '.join(self.figures.left)}")
        else:
            looked = f"{len(trace.processes)} processes, port {trace.port}, the state folder"
            containers = "containers, networks, " if trace.engine == "docker" else ""
            self._narrator.say(f"looked for {containers}{looked}: nothing is left")

    # -- steps -----------------------------------------------------------------------------

    async def _come_up(self) -> None:
        info = await self._get("/v1/info")
        self.figures.engine = info["engine"]
        self._narrator.step("Bring up three replicas of a web service", "orch up -f manifests/")
        self._narrator.say(info["engine_reason"])
        begin = time.monotonic()
        await self._apply()
        self.figures.up_s = time.monotonic() - begin
        self._narrator.say(
            f"ready {self.figures.up_s:.1f} s later, behind http://127.0.0.1:{self._stage.port}"
        )

    async def _apply(self) -> None:
        def apply() -> None:
            waiter = Waiter(self._stage.session)
            self._stage.client.post("/v1/apply", self._stage.body)
            waiter.run(READY_TIMEOUT_S, self._given_up)

        await asyncio.to_thread(apply)

    async def _show_nodes(self, title: str) -> None:
        self._narrator.step(title, "orch nodes")
        rows = [NodeView(**row) for row in await self._get("/v1/nodes")]
        self._narrator.show(tables.nodes(rows, self._narrator.terminal.paint))
        await asyncio.sleep(self._pause_s / 2)

    async def _under_load(self) -> None:
        self._narrator.step(f"Send {RATE} requests a second, and see who answers")
        await asyncio.sleep(self._pause_s)
        self._show_shares(self._traffic.turn_page())

    async def _scale(self) -> None:
        title = f"Scale to {SCALED_TO} while requests flow"
        self._narrator.step(title, f"orch scale {SERVICE}={SCALED_TO} --wait")
        begin = time.monotonic()
        await asyncio.to_thread(self._scale_and_wait)
        self.figures.scale_s = time.monotonic() - begin
        during = self._traffic.turn_page()
        self._narrator.say(
            f"{SCALED_TO} ready after {self.figures.scale_s:.1f} s, {_failures(during)} meanwhile"
        )
        await self._show_nodes("The new ones went where there was room")
        await asyncio.sleep(self._pause_s)
        self._show_shares(self._traffic.turn_page())

    def _scale_and_wait(self) -> None:
        waiter = Waiter(self._stage.session, services=[SERVICE])
        self._stage.client.post(f"/v1/services/{SERVICE}/scale", {"replicas": SCALED_TO})
        waiter.run(READY_TIMEOUT_S, self._given_up)

    async def _kill(self, replica: str) -> None:
        self._narrator.step(f"Kill {replica} while requests flow", f"orch kill {replica}")
        self._traffic.turn_page()
        recovery = await asyncio.to_thread(kill_and_time, self._stage.client, replica)
        await asyncio.sleep(self._pause_s / 2)
        page = self._traffic.turn_page()
        self.figures.recoveries.append({**asdict(recovery), "failed": page.failed})
        self._narrator.say(_told(recovery))
        self._narrator.say(f"{page.sent} requests meanwhile, {_failures(page)}")

    # -- telling ---------------------------------------------------------------------------

    def _show_shares(self, page: Tally) -> None:
        most = max(page.by_replica.values(), default=0)
        for replica, count in sorted(page.by_replica.items()):
            share = 100 * count / page.answered
            self._narrator.say(f"{replica}  {bar(count, most, 20)}  {count} ({share:.0f}%)")
        self._narrator.say(
            f"{page.answered} answered, {_failures(page)}, half within "
            f"{page.percentile_ms(0.5):.1f} ms, 99% within {page.percentile_ms(0.99):.1f} ms"
        )

    def _sum_up(self, whole: Tally) -> None:
        figures = self.figures
        figures.requests, figures.failed = whole.sent, whole.failed
        figures.p50_ms, figures.p99_ms = whole.percentile_ms(0.5), whole.percentile_ms(0.99)
        kills = len(figures.recoveries)
        self._narrator.step(
            f"{whole.sent} requests through one scaling and {kills} kills: {_failures(whole)}"
        )
        for why in sorted(set(whole.failures)):
            self._narrator.say(f"{whole.failures.count(why)} x {why}")

    # -- asking ----------------------------------------------------------------------------

    async def _get(self, path: str) -> Any:
        return await asyncio.to_thread(self._stage.client.get, path)

    def _trace(self) -> Trace:
        rows = self._stage.client.get("/v1/replicas")
        processes = self.figures.engine == "process"
        pids = [int(row["id"]) for row in rows if row["id"] and processes]
        project = self._stage.session.project
        folder = project.folder
        workers = [int(pid) for pid in _worker_pids(folder)]
        everyone = ticks_of([self._stage.record.pid, *workers, *pids])
        return Trace(project.name, self.figures.engine, everyone, self._stage.port, folder)


def _worker_pids(folder: Any) -> list[int]:
    import json

    records = (folder / "run").glob("proxy-*.json")
    return [int(json.loads(record.read_text())["pid"]) for record in records]


def _failures(tally: Tally) -> str:
    return f"{tally.failed} failed"


def _told(recovery: Recovery) -> str:
    return (
        f"noticed after {1000 * recovery.noticed_s:.0f} ms, replacement started after "
        f"{1000 * recovery.started_s:.0f} ms, ready after {recovery.ready_s:.2f} s"
    )
