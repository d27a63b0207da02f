"""What happens to the project all the time: replicas are killed, rolled, added and taken away; with
`everything` the proxy's workers and the controller are killed, too."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

from docker import DockerClient

from benchmarks.ours import SERVICE, Ours
from benchmarks.recovery_peers import process_kill
from benchmarks.soak.verdict import PROXY, Death
from benchmarks.wait import until

PAUSE_S: Final = (0.3, 2.0)
LEAST_READY: Final = 3
"""None is killed while fewer than this are ready: who has nobody left cannot keep promises."""
LEAST, MOST = 4, 7
READY_TIMEOUT_S: Final = 60.0
READMITTED_S: Final = 0.5

Manifest = Callable[[int, int], str]
"""Replicas and round → the manifest; each round is a revision of its own."""


class Chaos:
    """`deaths` and `done` tell what happened so far."""

    def __init__(
        self,
        one: Ours,
        manifest: Manifest,
        client: DockerClient | None,
        everything: bool,
        rng: random.Random,
    ) -> None:
        self.deaths: list[Death] = []
        self.done: Counter[str] = Counter()
        self.replicas = one.replicas
        self._one, self._manifest, self._client, self._rng = one, manifest, client, rng
        self._round = 0
        self._stopping = False
        self._actions: dict[str, tuple[int, Callable[[], Awaitable[None]]]] = {
            "SIGKILL of a replica": (6, self._sigkill),
            "orch kill": (3, self._orch_kill),
            "rolling update": (3, self._roll),
            "orch restart": (1, self._restart),
            "orch scale": (2, self._scale),
        }
        if everything:
            self._actions["SIGKILL of a proxy worker"] = (3, self._kill_worker)
            self._actions["SIGKILL of the controller"] = (2, self._kill_controller)

    def stop(self) -> None:
        """Have `run` end when what it is doing is done."""
        self._stopping = True

    async def run(self) -> None:
        """Until it is stopped. An action that fails is an error of the product, or of ours."""
        while not self._stopping:
            await asyncio.sleep(self._rng.uniform(*PAUSE_S))
            weights = [weight for weight, _ in self._actions.values()]
            (name,) = self._rng.choices([*self._actions], weights)
            await self._actions[name][1]()
            self.done[name] += 1

    def settled(self) -> bool:
        """Whether all replicas that are wanted are there, ready and of the last revision."""
        return any(
            one["name"] == SERVICE
            and one["desired"] == one["active"] == one["up_to_date"] == self.replicas
            for one in self._one.get("/v1/services") or ()
        )

    # --- deaths

    async def _victim(self) -> dict[str, Any]:
        """A replica that can be spared."""

        def ready() -> list[dict[str, Any]]:
            found = self._one.get("/v1/replicas") or ()
            fit = [one for one in found if one["ready"]]
            return fit if len(fit) >= LEAST_READY else []

        fit = await asyncio.to_thread(until, ready, READY_TIMEOUT_S, "ready replicas", 0.05)
        return self._rng.choice(fit)

    async def _sigkill(self) -> None:
        victim = await self._victim()
        begun = time.perf_counter()
        # It may be gone by now, with an update.
        with contextlib.suppress(ProcessLookupError):
            if self._client is None:
                os.kill(int(victim["id"]), signal.SIGKILL)
            else:
                process_kill(self._client, victim["id"])
        self._note(victim["name"], begun)

    async def _orch_kill(self) -> None:
        victim = await self._victim()
        begun = time.perf_counter()
        await self._command("kill", victim["name"])
        self._note(victim["name"], begun)

    async def _kill_worker(self) -> None:
        pid = self._rng.choice(self._one.worker_pids)
        begun = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(
            until, lambda: pid not in self._one.worker_pids, READY_TIMEOUT_S, "a new worker"
        )
        self._note(PROXY, begun)

    async def _kill_controller(self) -> None:
        """No request may notice: nobody dies whose death explains anything."""
        os.kill(self._one.controller_pid, signal.SIGKILL)
        await asyncio.sleep(self._rng.uniform(0.0, READMITTED_S))
        await asyncio.to_thread(self._one.up)

    def _note(self, victim: str, begun: float) -> None:
        self.deaths.append(Death(victim, begun, time.perf_counter()))

    # --- changes that must cost nobody anything

    async def _roll(self) -> None:
        self._round += 1
        self._one.write(self._manifest(self.replicas, self._round))
        await self._command("apply", "-f", str(self._one.manifest))

    async def _restart(self) -> None:
        await self._command("restart", SERVICE)

    async def _scale(self) -> None:
        self.replicas = self._rng.randint(LEAST, MOST)
        self._one.write(self._manifest(self.replicas, self._round))
        await self._command("scale", f"{SERVICE}={self.replicas}")

    async def _command(self, *args: str) -> None:
        await asyncio.to_thread(self._one.command, *args)
