"""Compile what a proxy worker does for each request: `make compile`.

The same sources, by mypyc, which comes with mypy; it needs a C compiler and Python's headers.
Without them workers run interpreted. A build is found by what the sources say
(`orchestrator.runtime.proxy_build`), so it is made once for each state of them.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from orchestrator.runtime.proxy_build import build_folder, builds, copy_sources

# What a request passes through. The rest of a worker would double the time this takes.
PROXY = (
    "admission", "backend", "backpressure", "body", "body_limit", "client", "clock", "decimals",
    "exchange", "frontend", "half", "log_formats", "log_words", "memo", "numbers", "port",
    "relaying", "replies", "request_fields", "request_head", "request_ids", "response_head",
    "routing", "selection", "syntax", "tally", "target", "tcp", "upstream", "waiting",
    "writing",
)  # fmt: skip
CORE = (
    "balancing/balancer", "balancing/consistent_hash", "balancing/least_requests",
    "balancing/random_choice", "balancing/round_robin", "balancing/slow_start", "histogram",
    "outliers", "ratelimit",
)  # fmt: skip
# Calls within the build need no look-up by name: 0.1 µs less of 1.7 a request. -O3 was no faster
# than -O1, and takes 1.6 times as long to compile.
FLAGS = "-fvisibility=hidden -fno-semantic-interposition -fno-plt -w"
LEVEL = "1"

BUILDING = "building-"
RECIPE = "recipe.py"


def missing() -> str:
    """Why nothing can be compiled here, "" if it can."""
    compiler = os.environ.get("CC") or (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"no C compiler ({compiler}; Debian: apt-get install gcc)"
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        return "no headers of Python (Debian: apt-get install python3-dev)"
    return ""


def build() -> None:
    """Run in the folder to build in: modules are named by their paths."""
    from mypyc.build import mypycify  # It imports setuptools, which says how it wants that.
    from setuptools import setup

    os.environ["CFLAGS"] = f"{os.environ.get('CFLAGS', '')} {FLAGS}"
    modules = [f"orchestrator/proxy/{name}.py" for name in PROXY]
    modules += [f"orchestrator/core/{name}.py" for name in CORE]
    extensions = mypycify(
        ["--strict", "--ignore-missing-imports", *modules],
        opt_level=LEVEL, debug_level="0", group_name="orchestrator_proxy",
    )  # fmt: skip
    setup(
        name="compiled", ext_modules=extensions, script_args=["--quiet", "build_ext", "--inplace"]
    )


def compile_in(folder: Path) -> str:
    """Compile the sources there; what was said if that failed, "" if not."""
    ended = subprocess.run(
        [sys.executable, "-P", __file__, "build"], cwd=folder, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return ended.stdout if ended.returncode else ""


def replace_builds(made: Path, folder: Path) -> None:
    """Have what was made as the only build, but for those that others are making."""
    for old in builds().iterdir():
        if not old.name.startswith(BUILDING):
            shutil.rmtree(old, ignore_errors=True)
    made.rename(folder)


def make(folder: Path, recipe: str) -> int:
    """Have a build in this folder."""
    print("compiling the proxy (once, half a minute)", flush=True)
    builds().mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=builds(), prefix=BUILDING) as name:
        made = Path(name, "build")
        copy_sources(made)
        if why := compile_in(made):
            print(f"{why}\nnot compiled (above: why): the proxy runs interpreted")
            return 1
        shutil.rmtree(made / "build")
        (made / RECIPE).write_text(recipe)
        replace_builds(made, folder)
    return 0


def main() -> int:
    """Have a build of these sources, if this machine can make one."""
    if sys.argv[1:] == ["build"]:
        build()
        return 0
    folder, recipe = build_folder(), Path(__file__).read_text()
    made_by = folder / RECIPE
    if made_by.exists() and made_by.read_text() == recipe:
        return 0
    if why := missing():
        print(f"the proxy runs interpreted, at up to twice the processor time a request: {why}")
        return 0
    return make(folder, recipe)


if __name__ == "__main__":
    sys.exit(main())
