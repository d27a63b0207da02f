"""One controller for a project, and a record that names nobody who is not there."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.model.errors import ConflictError, InvalidRequestError, StateError
from orchestrator.runtime.processes import start_ticks
from orchestrator.runtime.project import Project, default_base, resolve, write_private


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One that nobody controls."""
    return Project("demo", tmp_path)


def test_a_second_controller_is_refused_and_told_of_the_first(project: Project) -> None:
    """Fault 10."""
    project.lock()
    project.announce("http://127.0.0.1:7070", "1.0")
    other = Project("demo", project.folder.parent)
    with pytest.raises(ConflictError, match=f"pid {os.getpid()} at http://127.0.0.1:7070") as found:
        other.lock()
    assert found.value.remedy == "use it, or stop it with: orch down --project demo"
    project.unlock()
    other.lock()
    other.unlock()


def test_another_project_is_no_conflict(project: Project) -> None:
    other = Project("other", project.folder.parent)
    project.lock()
    other.lock()
    other.unlock()
    project.unlock()


def test_the_lock_ends_with_its_process(project: Project) -> None:
    code = (
        "import sys, os; from pathlib import Path;"
        "from orchestrator.runtime.project import Project;"
        "p = Project('demo', Path(sys.argv[1])); p.lock(); p.announce('http://x', '1');"
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(project.folder.parent)], check=False)
    assert killed.returncode == -9
    assert (project.folder / "controller.json").exists()
    assert project.controller() is None
    project.lock()
    project.unlock()


def test_the_record_says_who_and_where_while_it_is_controlled(project: Project) -> None:
    assert project.controller() is None
    project.lock()
    assert project.controller() is None
    project.announce("http://127.0.0.1:7071", "1.0")
    record = project.controller()
    assert record is not None
    assert (record.pid, record.url, record.project) == (
        os.getpid(),
        "http://127.0.0.1:7071",
        "demo",
    )
    project.unlock()
    assert project.controller() is None
    assert not (project.folder / "controller.json").exists()


def test_a_reused_pid_is_somebody_else(project: Project) -> None:
    project.create()
    record = {
        "pid": os.getpid(), "start_time": (start_ticks(os.getpid()) or 0) - 1,
        "url": "http://x", "version": "1", "project": "demo",
    }  # fmt: skip
    (project.folder / "controller.json").write_text(json.dumps(record))
    assert project.controller() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}', "null", "\0"])
def test_a_record_that_cannot_be_read_names_nobody(project: Project, text: str) -> None:
    project.create()
    (project.folder / "controller.json").write_text(text)
    assert project.controller() is None


def test_a_zombie_controls_nothing() -> None:
    child = subprocess.Popen(["true"])
    try:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert start_ticks(child.pid) is None
    finally:
        child.wait()


def test_only_the_owner_gets_in(project: Project) -> None:
    project.lock()
    project.announce("http://x", "1")
    assert stat.S_IMODE(project.folder.stat().st_mode) == 0o700
    for path in project.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    project.unlock()


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "a b", "a\n", "-a", "a" * 64, "ä", "$(id)"])
def test_what_cannot_name_a_project(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequestError, match="cannot name a project"):
        Project(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot use the state folder") as found:
        Project("demo", tmp_path / "file").lock()
    assert "--state-dir" in found.value.remedy


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """Fault 19."""
    path = tmp_path / "file"
    write_private(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "new\ud800")
    assert path.read_text() == "old"


def test_where_state_lives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ORCH_STATE_DIR", raising=False)
    monkeypatch.delenv("ORCH_PROJECT", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_base() == tmp_path / "orchestrator"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_base() == Path.home() / ".local" / "state" / "orchestrator"
    monkeypatch.setenv("ORCH_STATE_DIR", str(tmp_path / "a"))
    assert resolve().folder == tmp_path / "a" / "default"
    monkeypatch.setenv("ORCH_PROJECT", "mine")
    assert resolve().folder == tmp_path / "a" / "mine"
    assert resolve("yours", tmp_path / "b").folder == tmp_path / "b" / "yours"
