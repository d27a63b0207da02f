"""From paths to specs: files, folders, standard input; nothing depends on any order."""

import itertools
import os
from pathlib import Path

import pytest

from orchestrator.manifest import Manifests, from_text, load
from orchestrator.model.errors import ManifestError
from orchestrator.model.spec import ServiceSpec

ROOT = Path(__file__).parents[2]
WEB = b"kind: Service\nname: web\nimage: app:1\n"
API = b"kind: Service\nname: api\nimage: app:1\n"
NODE = b"kind: Node\nname: n1\ncapacity: {cpu: 1, memory: 1Gi}\n"

# The README's first manifest, and the project's yardstick.
EXAMPLE = b"""\
kind: Node
name: node-1
capacity: {cpu: 2, memory: 2Gi}
zone: a
labels: {disk: ssd}
---
kind: Service
name: web
image: sample-app:1.0
build: ../sample_app            # optional; built when the image is missing or its sources changed
command: [python, -m, sample_app]
port: 8000                      # also given to the process as $PORT
replicas: 3
env: {GREETING: hello}
resources:
  requests: {cpu: 250m, memory: 64Mi}
  limits: {cpu: 500m, memory: 128Mi}
probes:
  startup:   {path: /healthz, period: 500ms, failureThreshold: 60}
  readiness: {path: /healthz, period: 2s, timeout: 1s, failureThreshold: 3, successThreshold: 1}
  liveness:  {path: /healthz, period: 2s, timeout: 1s, failureThreshold: 3}
restart: {policy: always, backoff: {initial: 1s, factor: 2, max: 60s, resetAfter: 10s}}
stopGracePeriod: 10s
placement: {strategy: binpack, nodeSelector: {disk: ssd}}
proxy: {listen: 8080, algorithm: round_robin}
"""


def names(loaded: Manifests) -> list[str]:
    services, nodes = loaded.services, loaded.nodes
    return [service.name for service in services] + [node.name for node in nodes]


def refusal(*paths: str | Path) -> str:
    with pytest.raises(ManifestError) as error:
        load(paths)
    return str(error.value)


def test_the_example_loads_as_written() -> None:
    loaded = from_text(EXAMPLE, name="web.yaml", base=ROOT / "manifests")
    (web,), (node,) = loaded.services, loaded.nodes
    assert (node.name, node.zone, node.labels) == ("node-1", "a", {"disk": "ssd"})
    assert (node.capacity.cpu_millicores, node.capacity.memory_bytes) == (2000, 2 * 2**30)
    assert web.build is not None
    assert web.build.context == str(ROOT / "sample_app")
    assert web.process is not None
    assert web.process.workdir == str(ROOT)
    assert web.command == ("python", "-m", "sample_app")
    assert (web.port, web.replicas, web.env) == (8000, 3, {"GREETING": "hello"})
    assert web.resources.request_cpu_millicores == 250
    assert web.resources.limits.memory_bytes == 128 * 2**20
    assert web.probes.startup is not None
    assert (web.probes.startup.period_s, web.probes.startup.failure_threshold) == (0.5, 60)
    assert web.restart.backoff.max_s == 60.0
    assert web.stop_grace_period_s == 10.0
    assert web.proxy is not None
    assert web.proxy.listen == 8080


def test_what_was_loaded_survives_a_round_trip_without_its_defaults() -> None:
    (web,) = from_text(EXAMPLE, name="web.yaml", base=ROOT / "manifests").services
    written = web.model_dump(exclude_unset=True, mode="json")
    assert ServiceSpec.model_validate(written) == web
    assert ServiceSpec.model_validate(written).model_fields_set == web.model_fields_set
    assert "security" not in written
    assert written["resources"] == {
        "requests": {"cpu": "250m", "memory": "64Mi"},
        "limits": {"cpu": "500m", "memory": "128Mi"},
    }


def test_only_the_workdir_is_added_to_what_was_written(folder: Path) -> None:
    (web,) = from_text(WEB, name="m", base=folder).services
    assert web.model_fields_set == {"kind", "name", "image", "process"}
    assert web.model_dump(exclude_unset=True, mode="json")["process"] == {"workdir": str(folder)}


def test_a_folder_means_the_yaml_files_directly_in_it(folder: Path) -> None:
    (folder / "web.yaml").write_bytes(WEB)
    (folder / "node.YML").write_bytes(NODE)
    (folder / ".hidden.yaml").write_text("not: a manifest")
    (folder / "notes.txt").write_text("not: a manifest")
    (folder / "examples").mkdir()
    (folder / "examples" / "api.yaml").write_bytes(API)
    loaded = load([folder])
    assert names(loaded) == ["web", "n1"]
    assert loaded.files == (folder / "node.YML", folder / "web.yaml")


def test_a_file_is_read_once_however_often_it_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "web.yaml").write_bytes(WEB)
    (folder / "link.yaml").symlink_to("web.yaml")
    monkeypatch.chdir(folder)
    loaded = load([folder, folder / "web.yaml", "web.yaml", "./web.yaml"])
    assert loaded.files == (folder / "web.yaml",)


def test_neither_file_nor_document_nor_argument_order_matters(folder: Path) -> None:
    texts = [WEB, API, NODE]
    (folder / "x").mkdir()
    seen = set()
    for order in itertools.permutations(texts):
        whole = from_text(b"---\n".join(order), name="m", base=folder)
        paths = [folder / f"{number}.yaml" for number in range(3)]
        for path, text in zip(paths, order, strict=True):
            path.write_bytes(text)
        in_files, in_arguments = load([folder]), load(paths[::-1])
        assert in_files == in_arguments
        assert (in_files.services, in_files.nodes) == (whole.services, whole.nodes)
        seen.add(str(whole))
    assert len(seen) == 1


def test_standard_input_is_read_once_and_starts_from_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    reads = iter([b"kind: Service\nname: web\nbuild: ../app\n"])
    loaded = load(["-", "-"], stdin=lambda: next(reads))
    (web,) = loaded.services
    assert web.build is not None
    assert web.build.context == str(folder.parent / "app")
    assert loaded.files == ()


def test_standard_input_is_the_process_s_own_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").write_bytes(WEB + b"replica: 1\n")
    with (tmp_path / "in").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert refusal("-").startswith("<stdin>:4:1: replica: unknown field")


def test_a_pipe_starts_from_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    reading, writing = os.pipe()
    try:
        os.write(writing, WEB)
    finally:
        os.close(writing)
    try:
        (web,) = load([f"/dev/fd/{reading}"]).services
    finally:
        os.close(reading)
    assert web.process is not None
    assert web.process.workdir == str(folder)


def test_folders_start_at_the_manifest_and_links_are_followed(folder: Path) -> None:
    (folder / "link").symlink_to("../app")
    (folder / "run").mkdir()
    (folder / "web.yaml").write_bytes(b"kind: Service\nname: web\nbuild: link\n")
    (folder / "api.yaml").write_bytes(API + b"process: {workdir: ./run/../run}\n")
    api, web = load([folder]).services
    assert web.build is not None
    assert web.build.context == str(folder.parent / "app")
    assert web.process is not None
    assert web.process.workdir == str(folder.parent)
    assert api.process is not None
    assert api.process.workdir == str(folder / "run")


def test_a_dockerfile_may_be_named(folder: Path) -> None:
    (folder.parent / "app" / "Other").touch()
    text = b"kind: Service\nname: web\nbuild: {context: ../app, dockerfile: Other}\n"
    (web,) = from_text(text, name="m", base=folder).services
    assert web.build is not None
    assert web.build.dockerfile == "Other"


def test_a_dockerfile_that_links_out_of_its_folder_is_refused(folder: Path) -> None:
    (folder / "Dockerfile").symlink_to("/etc/hostname")
    (folder / "web.yaml").write_bytes(b"kind: Service\nname: web\nbuild: .\n")
    assert "lies outside of the build folder" in refusal(folder)


def test_a_circle_of_links_is_no_folder(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    (folder / "web.yaml").write_bytes(b"kind: Service\nname: web\nbuild: a\n")
    assert "the folder 'a' does not exist" in refusal(folder)


def test_paths_that_cannot_be_read_are_named(folder: Path) -> None:
    empty = folder / "empty"
    empty.mkdir()
    (folder / "gone.yaml").symlink_to("nowhere.yaml")
    (folder / "sub.yaml").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    assert refusal(folder, empty, "missing.yaml", "a\0b").splitlines() == [
        "'a\\x00b': the path contains a NUL byte (remove it)",
        f"{empty}: is a folder without manifests, expected *.yaml or *.yml files in it"
        " (name the files, or a folder that holds them; folders within are not searched)",
        f"{folder}/gone.yaml: is a symbolic link to nowhere (mend or remove it)",
        f"{folder}/pipe.yaml: is no regular file (remove it)",
        f"{folder}/sub.yaml: is a folder, expected a file (rename it, or name the files within)",
        "missing.yaml: does not exist (check the spelling and the folder)",
    ]


def test_what_the_system_refuses_is_said_in_its_words(folder: Path) -> None:
    path = folder / ("long" * 100)
    assert refusal(path) == (
        f"{path}: cannot be read: File name too long (check the file and its permissions)"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_named(folder: Path) -> None:
    (folder / "web.yaml").write_bytes(WEB)
    (folder / "web.yaml").chmod(0)
    assert "cannot be read: Permission denied" in refusal(folder)


def test_a_hostile_file_name_cannot_command_the_terminal(folder: Path) -> None:
    (folder / "\x1b[2J\r\n.yaml").write_bytes(b"replicas: 1\n")
    message = refusal(folder)
    assert message.isprintable()
    assert "\\x1b[2J\\r\\n" in message


def test_the_problems_of_all_files_come_at_once_in_order(folder: Path) -> None:
    (folder / "b.yaml").write_bytes(WEB + b"replica: 1\n")
    (folder / "a.yaml").write_bytes(b"")
    lines = refusal(folder / "b.yaml", folder / "a.yaml").splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{folder}/a.yaml", f"{folder}/b.yaml:4:1"]


def test_a_name_given_twice_is_found_across_files(folder: Path) -> None:
    (folder / "a.yaml").write_bytes(WEB)
    (folder / "b.yaml").write_bytes(b"\n" + WEB)
    expected = f"{folder}/b.yaml:3:7: name: Service 'web' is already defined at {folder}/a.yaml:2:7"
    assert refusal(folder).startswith(expected)
