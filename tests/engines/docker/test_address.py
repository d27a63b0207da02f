"""How the engine is called."""

from pathlib import Path

import pytest
from docker.errors import NotFound

from orchestrator.engines.docker.address import find

pytestmark = pytest.mark.docker


def descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


def test_calls_about_many_containers_share_connections() -> None:
    client = find().dial(10.0, connections=2)
    client.ping()
    before = descriptors()

    for number in range(10):
        with pytest.raises(NotFound):
            client.inspect_container(f"nobody-{number}")

    assert descriptors() == before
    client.close()
