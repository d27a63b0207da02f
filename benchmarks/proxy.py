"""CPU per request of the proxy beside nginx and HAProxy: `python -m benchmarks.proxy`.

One process and one thread each, the same three nginx backends (a fixed response of 1 KB), 64
keep-alive connections by wrk. Rounds are short and interleaved, so that what else the machine does
falls on all alike; the medians count.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks.proxy_contestants import Contestant, backends, contestants
from benchmarks.proxy_cpu import cpu_seconds, rss_bytes

CONNECTIONS: Final = 64
ROUND_S: Final = 2
ROUNDS: Final = 5

# What a browser sends with each request: 12 headers.
BROWSER: Final = (
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "Accept-Encoding: gzip, deflate, br",
    "Accept-Language: en-US,en;q=0.9",
    "Cache-Control: max-age=0",
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes",
    "Referer: http://localhost:8080/items?limit=20",
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Site: same-origin",
    "Upgrade-Insecure-Requests: 1",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36",
)


def run(rounds: int = ROUNDS, round_s: int = ROUND_S) -> dict[str, Any]:
    """Race them. Returns for each case and contestant the medians of `cpu_us` (CPU µs a request),
    `requests_s`, `p99_ms` and `rss_mb`, and what was skipped and why."""
    if shutil.which("wrk") is None or shutil.which("nginx") is None:
        return {"skipped": {"all": "needs wrk and nginx: apt-get install wrk nginx-light"}}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-proxy-")))
        ports = stack.enter_context(backends(folder))
        racing, skipped = [], {}
        for contestant in contestants():
            if contestant.missing:
                skipped[contestant.name] = contestant.missing
                continue
            stack.enter_context(contestant.running(folder, ports))
            racing.append(contestant)
        cases = {"bare": (), "browser": BROWSER}
        return {
            "cases": {
                case: _race(racing, headers, rounds, round_s) for case, headers in cases.items()
            },
            "skipped": skipped,
        }


def _race(
    racing: list[Contestant], headers: tuple[str, ...], rounds: int, round_s: int
) -> dict[str, dict[str, float]]:
    samples: dict[str, list[dict[str, float]]] = {contestant.name: [] for contestant in racing}
    for contestant in racing:
        _load(contestant.port, headers, 1)  # warm up: connections, caches
    for _ in range(rounds):
        for contestant in racing:
            samples[contestant.name].append(_sample(contestant, headers, round_s))
    return {
        name: {key: statistics.median(sample[key] for sample in rows) for key in rows[0]}
        for name, rows in samples.items()
    }


def _sample(contestant: Contestant, headers: tuple[str, ...], round_s: int) -> dict[str, float]:
    before = cpu_seconds(contestant.pid)
    load = _load(contestant.port, headers, round_s)
    used = cpu_seconds(contestant.pid) - before
    return {
        "cpu_us": used / load["requests"] * 1e6,
        "requests_s": load["requests_s"],
        "p99_ms": load["p99_ms"],
        "rss_mb": rss_bytes(contestant.pid) / 1e6,
    }


_P99: Final = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
_UNIT_MS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def _load(port: int, headers: tuple[str, ...], seconds: int) -> dict[str, float]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    output = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/"],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 30,
    ).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"the load saw errors on port {port}:\n{output}")
    total = re.search(r"(\d+) requests in ([\d.]+)s", output)
    p99 = _P99.search(output)
    if total is None or p99 is None:
        raise RuntimeError(f"cannot read wrk's output:\n{output}")
    return {
        "requests": float(total[1]),
        "requests_s": float(total[1]) / float(total[2]),
        "p99_ms": float(p99[1]) * _UNIT_MS[p99[2]],
    }


def table(result: dict[str, Any]) -> str:
    """The result as people read it."""
    lines = []
    for case, rows in result.get("cases", {}).items():
        base = rows.get("nginx", {}).get("cpu_us")
        lines.append(
            f"{case:<10}{'CPU µs/req':>12}{'x nginx':>9}{'req/s':>9}{'p99 ms':>8}{'MB':>7}"
        )
        for name, row in rows.items():
            ratio = f"{row['cpu_us'] / base:.2f}" if base else "-"
            lines.append(
                f"  {name:<8}{row['cpu_us']:>12.1f}{ratio:>9}{row['requests_s']:>9.0f}"
                f"{row['p99_ms']:>8.2f}{row['rss_mb']:>7.1f}"
            )
    lines += [f"skipped {name}: {why}" for name, why in result["skipped"].items()]
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=ROUND_S, help="length of a round")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options.rounds, options.seconds)
    print(json.dumps(result, indent=2) if options.json else table(result))


if __name__ == "__main__":
    main()
