"""Which build of the proxy belongs to which sources."""

import sys
from pathlib import Path

import pytest

import orchestrator
from orchestrator.runtime.proxy_build import (
    PACKAGES,
    SWITCH,
    build_folder,
    copy_sources,
    import_root,
)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This project's sources as another installation has them, without any build."""
    root = tmp_path / "project"
    copy_sources(root)
    monkeypatch.setattr(orchestrator, "__file__", str(root / "orchestrator/__init__.py"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.delenv(SWITCH, raising=False)
    return root


def test_a_build_is_found_by_what_the_sources_say(copied: Path) -> None:
    assert import_root() == copied
    folder = build_folder()
    folder.mkdir(parents=True)
    assert import_root() == folder


@pytest.mark.parametrize("package", PACKAGES)
def test_changed_sources_have_no_build(copied: Path, package: str) -> None:
    build_folder().mkdir(parents=True)
    with (copied / "orchestrator" / package / "__init__.py").open("a") as file:
        file.write("\n")
    assert import_root() == copied


def test_a_new_file_is_a_change(copied: Path) -> None:
    build_folder().mkdir(parents=True)
    (copied / "orchestrator/proxy/extra.py").touch()
    assert import_root() == copied


def test_a_switch_turns_it_off(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_folder().mkdir(parents=True)
    monkeypatch.setenv(SWITCH, "0")
    assert import_root() == copied
