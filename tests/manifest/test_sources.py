"""The digest of a build folder changes with what goes into the image, and with nothing else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from docker.utils.build import exclude_paths
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.manifest import source_digest, sources
from orchestrator.manifest.dockerignore import is_ignored, parse_rules
from orchestrator.manifest.sources import build_files
from orchestrator.model.errors import ManifestError
from orchestrator.model.spec import BuildSpec
from tests.model.calm import calm
from tests.support.cost import cpu_s


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    for name in ("Dockerfile", "main.py", "lib/util.py", "lib/deep/data.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def digest(folder: Path, **how: object) -> str:
    return source_digest(BuildSpec.model_validate({"context": str(folder), **how}))


def write(name: str, text: str = "new") -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    return change


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": write("main.py"),
    "content of equal length": write("main.py", "MAIN.PY"),
    "new file": write("other.py"),
    "file removed": lambda folder: (folder / "main.py").unlink(),
    "file renamed": lambda folder: (folder / "main.py").rename(folder / "niam.py"),
    "file moved": lambda folder: (folder / "main.py").rename(folder / "lib/main.py"),
    "permissions": lambda folder: (folder / "main.py").chmod(0o755),
    "link": lambda folder: (folder / "link").symlink_to("main.py"),
    "pipe": lambda folder: os.mkfifo(folder / "pipe"),
    "ignore file": write(".dockerignore", "lib"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_of_the_sources_changes_it(case: str, app: Path) -> None:
    (app / "main.py").chmod(0o644)
    before = digest(app)
    CHANGES[case](app)
    assert digest(app) != before
    assert digest(app) == digest(app)


SAME: dict[str, Callable[[Path], object]] = {
    "times": lambda folder: os.utime(folder / "main.py", (1, 1)),
    "compiled code": write("lib/__pycache__/util.cpython-311.pyc"),
    "stray compiled code": write("main.pyc"),
    "repository": write(".git/HEAD"),
    "empty folder": lambda folder: (folder / "empty").mkdir(),
}


@pytest.mark.parametrize("case", SAME)
def test_what_does_not_matter_does_not_change_it(case: str, app: Path) -> None:
    before = digest(app)
    SAME[case](app)
    assert digest(app) == before


def test_how_it_is_built_is_part_of_it(app: Path) -> None:
    assert digest(app) != digest(app, args={"BASE": "x"})
    assert digest(app) != digest(app, dockerfile="main.py")


def test_the_place_of_the_folder_is_not_part_of_it(app: Path) -> None:
    before = digest(app)
    app.rename(app.parent / "moved")
    assert digest(app.parent / "moved") == before


def test_a_link_is_not_followed(app: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (app / "link").symlink_to(outside)
    before = digest(app)
    (outside / "file").write_text("new")
    assert digest(app) == before
    (app / "link").unlink()
    (app / "link").symlink_to("/")
    assert digest(app) != before


def test_what_is_excluded_from_the_build_does_not_change_it(app: Path) -> None:
    write(".dockerignore", "# comment\n\nlib\n!lib/util.py\nDockerfile\n")(app)
    before = digest(app)
    write("lib/deep/data.txt")(app)
    assert digest(app) == before
    write("lib/util.py")(app)
    after = digest(app)
    assert after != before
    write("Dockerfile")(app)
    assert digest(app) != after, "the Dockerfile is always sent"


def test_an_excluded_folder_is_not_even_looked_into(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_FILES", 5)
    for number in range(10):
        write(f"node_modules/{number}.js")(app)
    write(".dockerignore", "**/node_modules")(app)
    assert digest(app)


def test_too_many_files_are_refused(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_FILES", 3)
    with pytest.raises(ManifestError) as error:
        digest(app)
    assert str(error.value) == (
        f"{app}: build: the build folder holds more than 3 files or 256 MiB"
        " (exclude what the image does not need in .dockerignore)"
    )


def test_too_many_bytes_are_refused_unread(app: Path) -> None:
    with (app / "huge").open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(ManifestError, match="more than 10,000 files or 256 MiB"):
        digest(app)


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as error:
        digest(tmp_path / "gone")
    assert str(error.value) == (
        f"{tmp_path}/gone: build: {tmp_path}/gone cannot be read: No such file or directory"
        " (check the build folder and its permissions)"
    )


PATTERNS = ["a", "/a/", "a/b", "*", "*.py", "a/*", "**", "**/b", "a/**", "**/*.py", "b?", "[ab]"]
PATTERNS += ["./a", "a/../b", "..", "", "# a", "  a  ", "**/a/b", "a*", "c/**/a", "[^a]"]
NAMES = ["a", "b", "c", "a.py", "b.py", "ba"]


@calm
@given(
    patterns=st.lists(
        st.tuples(st.sampled_from(["", "!"]), st.sampled_from(PATTERNS)).map("".join), max_size=4
    ),
    files=st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), max_size=5),
)
def test_patterns_exclude_what_the_docker_client_excludes(
    patterns: list[str], files: list[list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("root")
    for parts in files:
        path = root.joinpath(*parts)
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    rules = parse_rules("\n".join(patterns))
    ours = {os.path.relpath(entry.path, root) for entry in build_files(root, rules, "Dockerfile")}
    lines = [line.strip() for line in patterns if not line.strip().startswith("#")]
    theirs = {name for name in exclude_paths(str(root), lines) if (root / name).is_file()}
    assert ours == theirs


def test_a_hostile_pattern_costs_nothing() -> None:
    rules = parse_rules("/".join(["**", "*a*a*a*a*a*"] * 50 + ["**", "b"]))
    path = ("a" * 255,) * 100
    assert cpu_s(lambda: is_ignored(path, rules), 0.5) < 0.5
    assert not is_ignored(path, rules)
