"""`orch trust`: says what to do, does nothing to the system."""

import shlex
import stat
import subprocess
from pathlib import Path

import pytest

from orchestrator.cli.trusting import browser_advice, system_advice, system_of
from tests.cli.orch import Orch

CA = Path("/home/a b/.tls/ca.crt")


def test_it_makes_the_authority_once_and_tells_its_fingerprint(orch: Orch) -> None:
    """The one that openssl computes."""
    told = orch.json("trust")
    assert set(told) == {"ca_file", "fingerprint_sha256", "expires"}
    command = ("openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", told["ca_file"])
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.strip().endswith(f"={told['fingerprint_sha256']}")
    assert orch.json("trust", "--project", "other") == told


def test_it_says_how_and_how_not_to(orch: Orch) -> None:
    """For people; the key beside the certificate is for nobody else."""
    text = orch.quick("trust")
    file = Path(orch.json("trust")["ca_file"])
    assert orch.state_dir in file.parents
    for wanted in (str(file), "Firefox", "curl --cacert", "NODE_EXTRA_CA_CERTS", "to undo it"):
        assert wanted in text
    assert stat.S_IMODE(file.with_suffix(".pem").stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_used_is_a_failure(orch: Orch) -> None:
    """With the reason, and without a traceback."""
    (orch.state_dir / ".tls").write_text("in the way")
    assert "local CA" in orch.quick("trust", code=1)


@pytest.mark.parametrize(
    ("platform", "os_release", "kernel", "system"),
    [
        ("linux", 'ID=ubuntu\nID_LIKE="debian"\n', "Linux version 6.8", "debian"),
        ("linux", "ID=linuxmint\nID_LIKE='ubuntu debian'\n", "", "debian"),
        ("linux", 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', "", "fedora"),
        ("linux", "ID=arch\n", "", "arch"),
        ("linux", "ID=ubuntu\n", "Linux version 5.15-microsoft-standard-WSL2", "wsl"),
        ("darwin", "", "", "macos"),
        ("linux", "", "", "linux"),
    ],
)
def test_systems_are_told_apart(platform: str, os_release: str, kernel: str, system: str) -> None:
    """By what they say of themselves."""
    assert system_of(platform, os_release, kernel) == system


@pytest.mark.parametrize("system", ["debian", "fedora", "arch", "macos", "wsl", "linux"])
def test_every_command_survives_a_path_with_a_space(system: str) -> None:
    """As one word; and whatever is done can be undone."""
    advice = [*system_advice(system, CA, "CA 1"), *browser_advice(system, CA, "CA 1")]
    assert all(one.undo for one in advice)
    commands = [line for one in advice if one.title != "Firefox" for line in one.do]
    assert any(str(CA) in line for line in commands)
    for line in commands:
        if str(CA) in line and "$(" not in line:
            assert str(CA) in shlex.split(line)
