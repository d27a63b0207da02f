"""The proxy compiled: workers run that way where it was built, and it behaves as interpreted.

With ORCH_REQUIRE_COMPILED=1 (as in CI) a missing build fails instead of skipping.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.runtime.proxy_build import SWITCH, is_compiled
from tests.proxy.conftest import Proxy
from tests.proxy.replicas import Replica, answer_with_name
from tests.support import compiled

ROOT = Path(__file__).parents[2]
LIBRARY = "orchestrator_proxy__mypyc"
# What runs in the process of the test. Tests with workers run compiled ones anyway.
IN_PROCESS = (
    "tests/proxy/test_states.py",
    "tests/proxy/test_corpus.py",
    "tests/proxy/test_refusals.py",
    "tests/proxy/test_request_head.py",
    "tests/proxy/test_response_head.py",
    "tests/proxy/test_memo.py",
    "tests/proxy/test_body.py",
    "tests/proxy/test_header_rules.py",
    "tests/proxy/test_redirects.py",
    "tests/proxy/test_target.py",
    "tests/proxy/test_routing.py",
    "tests/core/test_balancing.py",
    "tests/core/test_balancing_round_robin.py",
    "tests/core/test_histogram.py",
)
# A compiled class looks at its own fields where no subclass of another kind has any.
INHERITING = """
import importlib, pkgutil, sys
import tests.support.compiled
import orchestrator.proxy
for module in pkgutil.iter_modules(orchestrator.proxy.__path__, "orchestrator.proxy."):
    importlib.import_module(module.name)
compiled = {name for name, module in sys.modules.items()
            if name.startswith("orchestrator.") and str(module.__file__).endswith(".so")}
classes = [kind for name in compiled for kind in vars(sys.modules[name]).values()
           if isinstance(kind, type) and kind.__module__ == name]
print(sorted({f"{heir.__module__}.{heir.__name__}" for kind in classes
              for heir in kind.__subclasses__() if heir.__module__ not in compiled}))
print(len(classes))
"""

pytestmark = pytest.mark.skipif(
    not is_compiled() and os.environ.get("ORCH_REQUIRE_COMPILED") != "1",
    reason="the proxy is not compiled: make compile",
)


def run(*arguments: str) -> str:
    """A process whose modules are compiled; what it prints. Raises `AssertionError` if it fails."""
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=110,
        check=False, env={**os.environ, compiled.SWITCH: "1"},
    )  # fmt: skip
    assert ended.returncode == 0, f"{ended.stdout[-5000:]}\n{ended.stderr[-5000:]}"
    return ended.stdout


def maps(proxy: Proxy) -> str:
    """What the first worker has in memory."""
    return Path(f"/proc/{proxy.supervisor.pids[0]}/maps").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_workers_are_compiled(proxy: Proxy) -> None:
    await proxy.serve(answer_with_name)
    async with await proxy.client() as client:
        assert (await client.get()).status == 200
    assert LIBRARY in maps(proxy)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_workers_are_interpreted_where_that_is_wanted(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "0")
    proxy = Proxy(state_dir / "run")
    await proxy.supervisor.start()
    try:
        replica: Replica = await proxy.serve(answer_with_name)
        async with await proxy.client() as client:
            assert (await client.get()).header("x-replica") == replica.name
        assert LIBRARY not in maps(proxy)
    finally:
        await proxy.stop()


@pytest.mark.parametrize("part", [IN_PROCESS[:1], IN_PROCESS[1:]], ids=["states", "others"])
def test_it_behaves_as_interpreted(part: tuple[str, ...]) -> None:
    output = run("-m", "pytest", "-q", "-p", "no:cacheprovider", *part)
    assert " passed" in output


def test_who_inherits_from_a_compiled_class_is_compiled() -> None:
    interpreted, count = run("-c", INHERITING).splitlines()
    assert int(count) > 20
    assert interpreted == "[]"
