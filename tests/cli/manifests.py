"""Small manifests: the sample app as a process, on free ports."""

from pathlib import Path

from tests.cli.orch import ROOT

NODES = """
kind: Node
name: node-1
capacity: {cpu: 1, memory: 512Mi}
zone: a
---
kind: Node
name: node-2
capacity: {cpu: 1, memory: 512Mi}
zone: b
"""


def web(port: int, replicas: int = 2, greeting: str = "hello", name: str = "web") -> str:
    """A service with the sample app behind `port`."""
    return f"""
kind: Service
name: {name}
command: [python, -m, sample_app]
process: {{workdir: {ROOT}}}
port: 8000
replicas: {replicas}
env: {{GREETING: {greeting}}}
resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}
probes:
  startup: {{path: /healthz, period: 100ms, failureThreshold: 300}}
  readiness: {{path: /healthz, period: 1s}}
stopGracePeriod: 2s
proxy: {{listen: {port}}}
"""


def sleeper(name: str = "idle", replicas: int = 1) -> str:
    """A service that does nothing and has no port."""
    return f"""
kind: Service
name: {name}
command: [sleep, "1000"]
replicas: {replicas}
stopGracePeriod: 1s
"""


def late(name: str = "idle") -> str:
    """A service that is ready a while after it runs: long enough to be seen waiting."""
    probe = "probes: {readiness: {exec: ['true'], initialDelay: 2s}}"
    return sleeper(name) + probe + "\n"


def write(folder: Path, *documents: str, name: str = "app.yaml") -> str:
    """A manifest file; its path."""
    path = folder / name
    path.write_text("---\n".join(documents))
    return str(path)
