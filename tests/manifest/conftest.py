"""What most of these tests start from: a folder with something to build in it."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`manifests/` beside `app/`, which holds a Dockerfile."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "manifests").mkdir()
    return tmp_path / "manifests"
