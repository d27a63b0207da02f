"""Keeps the proxy workers running and routing. They outlive the controller; this adopts them."""

import asyncio
import socket
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from orchestrator.core.sharing import Claims
from orchestrator.core.traffic import add_counters
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.snapshot import Listener, Snapshot
from orchestrator.runtime.proxy_files import (
    STOP_TIMEOUT_S,
    WorkerFiles,
    remove_socket_folder,
    stop_orphans,
)
from orchestrator.runtime.proxy_listeners import ProxyError, claim, open_listener
from orchestrator.runtime.proxy_worker import Address, ProxyWorker

__all__ = ["ProxyError", "ProxySupervisor", "open_listener", "stop_orphans"]

ACK_TIMEOUT_S: Final = 5.0
_REVIVE_PAUSES_S: Final = (0.0, 0.1, 0.5, 2.0)


class ProxySupervisor:
    """The workers of one project. `run_dir` is the project's own folder for sockets and records.

    `on_suspect(endpoint_id, why)` is called when requests found an endpoint that does not answer,
    `on_demand(service, waiting)` at most once a second and worker while requests wait for a service
    that is asleep.
    """

    def __init__(
        self,
        run_dir: Path,
        workers: int = 1,
        on_suspect: Callable[[str, str], None] = lambda _endpoint_id, _why: None,
        on_demand: Callable[[str, int], None] = lambda _service, _waiting: None,
    ) -> None:
        self.on_suspect = on_suspect
        self.on_demand = on_demand
        self._run_dir = run_dir
        self._count = workers
        self._workers: list[ProxyWorker] = []
        self._sockets: dict[Address, socket.socket] = {}
        self._snapshot = Snapshot(0)
        self._past: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self._publishing = asyncio.Lock()
        self._revivals: dict[ProxyWorker, asyncio.Task[None]] = {}
        self._stopping = False

    @property
    def pids(self) -> list[int]:
        """The workers' process ids."""
        return [worker.pid for worker in self._workers]

    @property
    def addresses(self) -> frozenset[Address]:
        """Where the workers listen."""
        return frozenset(self._sockets)

    @property
    def asleep(self) -> frozenset[str]:
        """Services that were asleep when the workers greeted: of those adopted, by what the
        controller before had told them."""
        return frozenset().union(*(worker.asleep for worker in self._workers))

    async def start(self) -> None:
        """Adopt the workers that run, start the others. Raises `ProxyError`."""
        self._run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._run_dir.chmod(0o700)
        for number in range(self._count):
            worker = self._worker(number)
            adopted = await worker.adopt()
            self._take_sockets(worker)
            if not adopted and not await worker.spawn():
                raise ProxyError(
                    "a proxy worker does not start", remedy=f"see its log {worker.files.log}"
                )
            self._workers.append(worker)
        await self._stop_surplus()

    def _worker(self, number: int) -> ProxyWorker:
        files = WorkerFiles(self._run_dir, number)
        return ProxyWorker(
            files,
            self._changed.set,
            lambda endpoint, why: self.on_suspect(endpoint, why),
            lambda service, waiting: self.on_demand(service, waiting),
            self._lost,
        )

    def _take_sockets(self, worker: ProxyWorker) -> None:
        for address, sock in worker.take_sockets().items():
            if address in self._sockets:
                sock.close()
            else:
                self._sockets[address] = sock

    async def _stop_surplus(self) -> None:
        """End workers of an earlier run that had more of them; their sockets live on."""
        for record in self._run_dir.glob("proxy-*.json"):
            number = int(record.stem.removeprefix("proxy-"))
            if number < self._count:
                continue
            surplus = self._worker(number)
            if await surplus.adopt():
                self._take_sockets(surplus)
                await self._end(surplus, STOP_TIMEOUT_S)
            surplus.files.remove()

    # --- routing

    async def publish(self, snapshot: Snapshot) -> None:
        """Route as `snapshot` says; in force in every worker on return.

        Raises `PortInUseError` or `ProxyError` for the first listener that cannot listen; all
        others are in force nevertheless, for one service must not keep another from its replicas.
        Raises `ProxyError` if a worker does not confirm.
        """
        async with self._publishing:
            usable, troubles = self._open_sockets(snapshot.listeners)
            self._snapshot = replace(snapshot, listeners=usable)
            for worker in self._workers:
                self._brief(worker)
            self._close_sockets({listener.address for listener in usable})
            if not await self._until(self._confirmed, ACK_TIMEOUT_S):
                await self._replace_silent()
            for trouble in troubles:
                raise trouble

    def _open_sockets(
        self, listeners: tuple[Listener, ...]
    ) -> tuple[tuple[Listener, ...], list[OrchestratorError]]:
        """The listeners that have a socket now, and why the others have none."""
        usable: list[Listener] = []
        troubles: list[OrchestratorError] = []
        claims: Claims[Listener] = Claims()
        for listener in listeners:
            try:
                claim(listener, claims)
                if listener.address not in self._sockets:
                    self._sockets[listener.address] = open_listener(listener)
                usable.append(listener)
            except OrchestratorError as error:
                troubles.append(error)
        return tuple(usable), troubles

    def _close_sockets(self, wanted: set[Address]) -> None:
        for address in set(self._sockets) - wanted:
            self._sockets.pop(address).close()

    def _brief(self, worker: ProxyWorker) -> None:
        for listener in self._snapshot.listeners:
            worker.listen(listener.address, self._sockets[listener.address])
        worker.route(self._snapshot)

    def _confirmed(self) -> bool:
        return all(worker.acked == self._snapshot.version for worker in self._workers)

    async def _replace_silent(self) -> None:
        silent = [w for w in self._workers if w.acked != self._snapshot.version]
        for worker in silent:
            if worker not in self._revivals:
                await worker.kill()
                self._lost(worker)
        if not await self._until(self._confirmed, ACK_TIMEOUT_S):
            why = next((w.refusal for w in silent if w.refusal), "no answer")
            raise ProxyError(f"a proxy worker does not take the routes: {why}")

    async def drain(self, endpoint_id: str, timeout_s: float) -> bool:
        """Wait until an endpoint that was published away has no request in flight.

        False if some are left after `timeout_s`. Raises `ValueError` if it is still routed.
        """
        if endpoint_id in self._snapshot.endpoint_ids:
            raise ValueError(f"endpoint {endpoint_id} is still routed: publish without it first")
        return await self._until(
            lambda: not any(endpoint_id in worker.known for worker in self._workers), timeout_s
        )

    @property
    def lingering(self) -> frozenset[str]:
        """Endpoints published away with which a worker may still have requests in flight."""
        known = frozenset[str]().union(*(worker.known for worker in self._workers))
        return known - self._snapshot.endpoint_ids

    def tell_gone(self, endpoint_ids: Collection[str]) -> None:
        """These are no more: their requests in flight end now, for nobody will answer them."""
        for worker in self._workers:
            worker.tell_gone(endpoint_ids)

    async def stats(self, timeout_s: float = 1.0) -> dict[str, Any]:
        """Counters by service and by endpoint, summed over workers, those that died included."""
        before = {worker: worker.stats_received for worker in self._workers}
        for worker in self._workers:
            worker.ask_stats()
        await self._until(lambda: all(w.stats_received > n for w, n in before.items()), timeout_s)
        total: dict[str, Any] = {"services": {}, "endpoints": {}}
        for part in (*self._past, *(worker.stats for worker in self._workers)):
            add_counters(total, part)
        return total

    async def _until(self, check: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for a condition that only messages from workers make true."""
        try:
            async with asyncio.timeout(timeout_s):
                while not check():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return check()
        return True

    # --- a worker that died

    def _lost(self, worker: ProxyWorker) -> None:
        if self._stopping or worker not in self._workers or worker in self._revivals:
            return
        self._revivals[worker] = asyncio.get_running_loop().create_task(self._revive(worker))

    def _stop_reviving(self) -> None:
        self._stopping = True
        for task in self._revivals.values():
            task.cancel()
        self._revivals.clear()

    async def _revive(self, worker: ProxyWorker) -> None:
        """Start it again at once, on the same listening sockets."""
        self._remember(worker)
        pauses = iter(_REVIVE_PAUSES_S)
        while not self._stopping:
            await asyncio.sleep(next(pauses, _REVIVE_PAUSES_S[-1]))
            await worker.kill()
            if await worker.spawn():
                del self._revivals[worker]
                self._brief(worker)
                return

    def _remember(self, worker: ProxyWorker) -> None:
        """Keep what it counted; what it had in flight is gone."""
        past: dict[str, Any] = {"services": {}, "endpoints": {}}
        for part in self._past:
            add_counters(past, part)
        add_counters(past, worker.stats)
        routed = self._snapshot.endpoint_ids  # An endpoint that is gone has no use for numbers.
        past["endpoints"] = {k: v for k, v in past["endpoints"].items() if k in routed}
        for counters in (*past["services"].values(), *past["endpoints"].values()):
            for gauge in ("in_flight", "connections", "queued"):
                counters.pop(gauge, None)
        self._past = [past]
        worker.stats = {}

    # --- the end

    async def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Have the workers finish what is in flight and exit; leave no file and no port."""
        self._stop_reviving()
        self._close_sockets(set())
        await asyncio.gather(*(self._end(worker, timeout_s) for worker in self._workers))
        for worker in self._workers:
            worker.files.remove()
        self._workers.clear()
        remove_socket_folder(self._run_dir)

    async def close(self) -> None:
        """Let go: the workers go on with their last snapshot until somebody adopts them."""
        self._stop_reviving()
        for worker in self._workers:
            worker.let_go()
        self._workers.clear()
        self._close_sockets(set())

    async def _end(self, worker: ProxyWorker, timeout_s: float) -> None:
        worker.shut_down(timeout_s)
        await worker.gone(timeout_s + 1.0)
        await worker.kill()
