"""`python -m benchmarks soak`: the product as a user runs it, under mixed traffic, while its
replicas are killed, rolled, added and taken away. Exit code 1 on a broken promise."""

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from benchmarks import machine
from benchmarks.ours import Ours
from benchmarks.page import write
from benchmarks.soak.chaos import LEAST, MOST, Chaos
from benchmarks.soak.growth import growth
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.project import docker_client, manifest_of, up
from benchmarks.soak.report import SPARE, Outcome
from benchmarks.soak.sockets import Counts, Sockets
from benchmarks.soak.traffic import IDLE_S, Traffic
from benchmarks.soak.verdict import NOTICED_S, Sent, judge, unasked
from benchmarks.soak.watch import Watch
from benchmarks.wait import until

REPLICAS: Final = 5
RATE: Final = 200.0
MINUTES: Final = 30.0
WARM_S: Final = 1.0
SAY_EVERY_S: Final = 10.0
LOOKS: Final = 200
PATIENCE_S: Final = 60.0


def main(arguments: list[str]) -> int:
    """Run it. 0: every promise was kept; 1: not; 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    facts = machine.facts()
    print("\n".join(f"{name}: {value}" for name, value in facts.items()), flush=True)
    try:
        outcome = asyncio.run(soak(options))
    except KeyboardInterrupt:
        return 130
    report = outcome.report()
    print(f"\n{report.markdown()}", flush=True)
    if options.json:
        found = {"machine": facts, "reports": [report.as_json()], "broken": outcome.broken}
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    if options.write:
        print(f"written: {write(facts, [report])}", file=sys.stderr)
    return 1 if outcome.broken else 0


async def soak(options: argparse.Namespace) -> Outcome:
    """All of it, down to the ruins."""
    rng = random.Random(options.seed)
    client = docker_client() if options.engine == "docker" else None
    outcome = Outcome(options.minutes * 60, _setting(options))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orch-soak-")))
        ledger = await stack.enter_async_context(Ledger("0.0.0.0" if client else "127.0.0.1"))
        workers = ("--proxy-workers", str(options.workers))
        one = Ours(folder, options.replicas, options.engine, workers)
        manifest = manifest_of(one, ledger.port, options.engine)
        one.write(manifest(options.replicas, 0))
        chaos = Chaos(one, manifest, client, options.chaos == "all", rng)
        async with up(one, client, outcome):
            sent = await _storm(one, chaos, ledger, outcome, options.rate, rng)
        # Replicas are gone, so all they had to tell has been told.
        await _until(lambda: not ledger.open, "the end of the ledger", outcome)
        outcome.verdict = judge(sent, ledger.entries, chaos.deaths, sent[0].begun)
    return outcome


def _setting(options: argparse.Namespace) -> str:
    workers = "one proxy worker" if options.workers == 1 else f"{options.workers} proxy workers"
    engine = "Docker" if options.engine == "docker" else "the process engine"
    killed = " Proxy workers and the controller are killed, too." if options.chaos == "all" else ""
    return (
        f"{options.rate:g} requests a second, open loop; {options.replicas} replicas on {engine} "
        f"at the begin, {LEAST} to {MOST} later; {workers}.{killed}"
    )


async def _storm(
    one: Ours, chaos: Chaos, ledger: Ledger, outcome: Outcome, rate: float, rng: random.Random
) -> list[Sent]:
    """Traffic and trouble for as long as asked, then calm. Returns all that was sent."""
    begun = time.perf_counter()
    watch = Watch(one, begun, outcome.total_s / LOOKS)
    watch.begin()
    async with Sockets(one.port, rng) as sockets, Traffic(one.port, rate, rng) as traffic:
        await asyncio.sleep(WARM_S)
        trouble, look = (asyncio.create_task(part.run()) for part in (chaos, watch))

        def line() -> str:
            passed = time.perf_counter() - begun
            return f"{passed:6.0f} s: {_line(traffic, chaos, watch, sockets.counts, ledger)}"

        try:
            await _wait([trouble, look], begun + outcome.total_s, line)
            chaos.stop()
            await trouble
        finally:
            for task in (trouble, look):
                task.cancel()
            await asyncio.gather(trouble, look, return_exceptions=True)
        await _until(chaos.settled, "the end of the last update", outcome)
    await _until(
        lambda: all(more <= SPARE[role] for role, more in watch.surplus().items()),
        "descriptors as before the traffic",
        outcome,
    )
    outcome.surplus = watch.surplus()
    if closed := unasked(traffic.ended, chaos.deaths, IDLE_S + NOTICED_S):
        outcome.trouble.append(f"{closed} idle connections were closed though no worker had died")
    outcome.take(traffic.sent)
    outcome.done, outcome.sockets = dict(chaos.done), sockets.counts
    outcome.growth = growth(watch.samples, outcome.total_s)
    return traffic.sent


async def _wait(
    tasks: list[asyncio.Task[None]], until_s: float, line: Callable[[], str]
) -> None:  # fmt: skip
    """Say how it goes, until the end. Raises what a task raised."""
    while (left := until_s - time.perf_counter()) > 0:
        done, _ = await asyncio.wait(
            tasks, timeout=min(left, SAY_EVERY_S), return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()
        print(line(), file=sys.stderr, flush=True)


def _line(traffic: Traffic, chaos: Chaos, watch: Watch, sockets: Counts, ledger: Ledger) -> str:
    failed = sum(not one.answered for one in traffic.sent if one.ended)
    sizes = ", ".join(
        f"{sample.role} {sample.rss_bytes / 1e6:.1f} MB {sample.descriptors} fds"
        for sample in watch.last
    )
    return (
        f"{len(traffic.sent):,} sent, {traffic.under_way} under way, {failed} not answered, "
        f"{len(ledger.entries):,} in the ledger, {sockets.messages:,} WebSocket messages; "
        f"{len(chaos.deaths)} deaths, {chaos.done['rolling update']} updates; {sizes}"
    )


async def _until(check: Callable[[], bool], what: str, outcome: Outcome) -> None:
    """What does not come about is a broken promise."""
    try:
        await asyncio.to_thread(until, check, PATIENCE_S, what, 0.1)
    except TimeoutError as error:
        outcome.trouble.append(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--engine", choices=("process", "docker"), default="process")
    parser.add_argument("--chaos", choices=("replicas", "all"), default="replicas")
    parser.add_argument("--workers", type=int, default=1, help="of the proxy (default: 1)")
    parser.add_argument("--replicas", type=int, default=REPLICAS, help="at the begin")
    parser.add_argument("--rate", type=float, default=RATE, help="requests a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome there")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    return parser
